declare module 'swagger-ui-dist/swagger-ui.css'
declare module 'swagger-ui-dist/swagger-ui-bundle.js'
