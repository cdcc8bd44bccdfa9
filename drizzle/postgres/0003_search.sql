CREATE TABLE "product_documents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "product_documents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"gift_hash" text NOT NULL,
	"content_hash" text NOT NULL,
	"indexed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "product_embeddings" (
	"gift_hash" text NOT NULL,
	"model_name" text NOT NULL,
	"model_version" text NOT NULL,
	"dim" integer NOT NULL,
	"embedding" "bytea" NOT NULL,
	"content_hash" text NOT NULL,
	"embedded_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "product_embeddings_gift_hash_model_name_model_version_pk" PRIMARY KEY("gift_hash","model_name","model_version")
);
--> statement-breakpoint
CREATE TABLE "search_progress" (
	"follower" text PRIMARY KEY NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "search_term_grams" (
	"gram" text NOT NULL,
	"length" integer NOT NULL,
	"stem" text NOT NULL,
	CONSTRAINT "search_term_grams_gram_length_stem_pk" PRIMARY KEY("gram","length","stem")
);
--> statement-breakpoint
CREATE TABLE "search_terms" (
	"stem" text PRIMARY KEY NOT NULL,
	"word" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "product_documents" ADD CONSTRAINT "product_documents_gift_hash_products_gift_hash_fk" FOREIGN KEY ("gift_hash") REFERENCES "public"."products"("gift_hash") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_embeddings" ADD CONSTRAINT "product_embeddings_gift_hash_products_gift_hash_fk" FOREIGN KEY ("gift_hash") REFERENCES "public"."products"("gift_hash") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "product_documents_gift_uq" ON "product_documents" USING btree ("gift_hash");--> statement-breakpoint
CREATE INDEX "product_embeddings_news_ix" ON "product_embeddings" USING btree ("model_name","model_version","embedded_at");