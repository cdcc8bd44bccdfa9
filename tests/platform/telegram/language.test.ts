import { expect, test } from 'bun:test'
import { loadLanguageDetector } from '../../../src/platform/telegram/user-api/mtproto/search.ts'

const detectLanguage = await loadLanguageDetector()

test.each([
  ['en', 'Crypto news daily. The latest updates on bitcoin and markets, signals and analysis'],
  ['ru', 'Новости криптовалют каждый день. Аналитика рынка и сигналы'],
  ['uk', 'Новини криптовалют щодня. Аналітика ринку та сигнали, все що відбувається в Україні'],
  ['es', 'Noticias de criptomonedas todos los días. Análisis del mercado y señales'],
  ['de', 'Kryptonachrichten jeden Tag. Marktanalyse und Signale für Anfänger'],
  ['fr', 'Actualités crypto chaque jour, analyses du marché et signaux pour débutants'],
  ['pt', 'Notícias de criptomoedas todos os dias. Análise do mercado e sinais para você'],
  ['tr', 'Her gün kripto para haberleri. Piyasa analizi ve sinyaller'],
  ['vi', 'Tin tức tiền điện tử mỗi ngày. Phân tích thị trường và tín hiệu'],
  ['id', 'Berita kripto setiap hari. Analisis pasar dan sinyal untuk pemula, bergabung sekarang'],
  ['ar', 'أخبار العملات الرقمية كل يوم وتحليل السوق'],
  ['zh', '加密货币每日新闻,市场分析'],
  ['ja', '毎日の暗号通貨ニュースと市場分析です'],
])('love-parser §7: %s is detected as ISO 639-1', (language, text) => {
  expect(detectLanguage([text])).toBe(language)
  expect(detectLanguage(['🔥', null, `${text} https://t.me/some_english_link @english_name #hashtag`])).toBe(language)
})

test('love-parser §7: too little text has no language', () => {
  expect(
    ['', '🔥🔥🔥', '12345', 'Bitcoin', 'Игры', 'https://t.me/crypto_news_channel @crypto_news_channel'].map((text) =>
      detectLanguage([text]),
    ),
  ).toEqual(Array(6).fill(null))
  expect(detectLanguage([null, ''])).toBeNull()
})
