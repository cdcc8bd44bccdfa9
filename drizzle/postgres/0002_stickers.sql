CREATE TABLE "sticker_art_transactions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sticker_art_transactions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint NOT NULL,
	"rule_code" text NOT NULL,
	"direction" text NOT NULL,
	"delta" bigint NOT NULL,
	"balance_after" bigint NOT NULL,
	"metadata" jsonb,
	"external_id" text NOT NULL,
	"performed_by" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "sticker_art_transactions_direction_ck" CHECK ("sticker_art_transactions"."direction" in ('CREDIT', 'DEBIT')),
	CONSTRAINT "sticker_art_transactions_delta_ck" CHECK ("sticker_art_transactions"."delta" <> 0)
);
--> statement-breakpoint
CREATE TABLE "sticker_categories" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sticker_categories_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"key" varchar(50) NOT NULL,
	"name_ru" varchar(100) NOT NULL,
	"name_en" varchar(100) NOT NULL,
	"description_ru" text,
	"description_en" text,
	"icon_url" varchar(255),
	"display_order" integer DEFAULT 0 NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	CONSTRAINT "sticker_categories_key_ck" CHECK ("sticker_categories"."key" ~ '^[a-z_]{2,50}$')
);
--> statement-breakpoint
CREATE TABLE "sticker_profiles" (
	"user_id" bigint PRIMARY KEY NOT NULL,
	"art_balance" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "sticker_profiles_balance_ck" CHECK ("sticker_profiles"."art_balance" >= 0)
);
--> statement-breakpoint
CREATE TABLE "stickerset_audit" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "stickerset_audit_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone NOT NULL,
	"service" text NOT NULL,
	"operation" text NOT NULL,
	"stickerset_id" bigint NOT NULL,
	"user_id" bigint,
	"request_id" text NOT NULL,
	CONSTRAINT "stickerset_audit_operation_ck" CHECK ("stickerset_audit"."operation" in ('create', 'revive', 'delete', 'publish', 'unpublish'))
);
--> statement-breakpoint
CREATE TABLE "stickerset_categories" (
	"stickerset_id" bigint NOT NULL,
	"category_id" bigint NOT NULL,
	CONSTRAINT "stickerset_categories_stickerset_id_category_id_pk" PRIMARY KEY("stickerset_id","category_id")
);
--> statement-breakpoint
CREATE TABLE "stickerset_descriptions" (
	"stickerset_id" bigint NOT NULL,
	"language" varchar(10) NOT NULL,
	"description" varchar(500) NOT NULL,
	CONSTRAINT "stickerset_descriptions_stickerset_id_language_pk" PRIMARY KEY("stickerset_id","language")
);
--> statement-breakpoint
CREATE TABLE "stickerset_likes" (
	"user_id" bigint NOT NULL,
	"stickerset_id" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "stickerset_likes_user_id_stickerset_id_pk" PRIMARY KEY("user_id","stickerset_id")
);
--> statement-breakpoint
CREATE TABLE "stickerset_telegram_cache" (
	"name" varchar(200) PRIMARY KEY NOT NULL,
	"payload" json NOT NULL,
	"fetched_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stickersets" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "stickersets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint NOT NULL,
	"author_id" bigint,
	"name" varchar(200) NOT NULL,
	"title" varchar(64) NOT NULL,
	"description" text,
	"state" text NOT NULL,
	"visibility" text NOT NULL,
	"type" text NOT NULL,
	"block_reason" varchar(500),
	"created_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"likes_count" integer DEFAULT 0 NOT NULL,
	"search_text" text NOT NULL,
	CONSTRAINT "stickersets_state_ck" CHECK ("stickersets"."state" in ('ACTIVE', 'DELETED', 'BLOCKED')),
	CONSTRAINT "stickersets_visibility_ck" CHECK ("stickersets"."visibility" in ('PUBLIC', 'PRIVATE')),
	CONSTRAINT "stickersets_type_ck" CHECK ("stickersets"."type" in ('USER', 'OFFICIAL')),
	CONSTRAINT "stickersets_likes_ck" CHECK ("stickersets"."likes_count" >= 0)
);
--> statement-breakpoint
ALTER TABLE "sticker_art_transactions" ADD CONSTRAINT "sticker_art_transactions_user_id_sticker_profiles_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."sticker_profiles"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stickerset_categories" ADD CONSTRAINT "stickerset_categories_stickerset_id_stickersets_id_fk" FOREIGN KEY ("stickerset_id") REFERENCES "public"."stickersets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stickerset_categories" ADD CONSTRAINT "stickerset_categories_category_id_sticker_categories_id_fk" FOREIGN KEY ("category_id") REFERENCES "public"."sticker_categories"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stickerset_descriptions" ADD CONSTRAINT "stickerset_descriptions_stickerset_id_stickersets_id_fk" FOREIGN KEY ("stickerset_id") REFERENCES "public"."stickersets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stickerset_likes" ADD CONSTRAINT "stickerset_likes_stickerset_id_stickersets_id_fk" FOREIGN KEY ("stickerset_id") REFERENCES "public"."stickersets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "sticker_art_transactions_external_uq" ON "sticker_art_transactions" USING btree ("external_id");--> statement-breakpoint
CREATE INDEX "sticker_art_transactions_user_ix" ON "sticker_art_transactions" USING btree ("user_id","created_at" desc);--> statement-breakpoint
CREATE UNIQUE INDEX "sticker_categories_key_uq" ON "sticker_categories" USING btree ("key");--> statement-breakpoint
CREATE INDEX "stickerset_audit_set_ix" ON "stickerset_audit" USING btree ("stickerset_id","id");--> statement-breakpoint
CREATE INDEX "stickerset_categories_category_ix" ON "stickerset_categories" USING btree ("category_id","stickerset_id");--> statement-breakpoint
CREATE INDEX "stickerset_likes_set_ix" ON "stickerset_likes" USING btree ("stickerset_id");--> statement-breakpoint
CREATE INDEX "stickerset_telegram_cache_fetched_ix" ON "stickerset_telegram_cache" USING btree ("fetched_at");--> statement-breakpoint
CREATE UNIQUE INDEX "stickersets_name_uq" ON "stickersets" USING btree (lower("name")) WHERE "stickersets"."state" in ('ACTIVE', 'BLOCKED');--> statement-breakpoint
CREATE INDEX "stickersets_deleted_ix" ON "stickersets" USING btree (lower("name"),"user_id") WHERE "stickersets"."state" = 'DELETED';--> statement-breakpoint
CREATE INDEX "stickersets_author_id_ix" ON "stickersets" USING btree ("author_id","id") WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "stickersets_author_created_ix" ON "stickersets" USING btree ("author_id","created_at","id") WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "stickersets_author_title_ix" ON "stickersets" USING btree ("author_id","title" collate "C","id") WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "stickersets_author_name_ix" ON "stickersets" USING btree ("author_id","name" collate "C","id") WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "stickersets_author_likes_ix" ON "stickersets" USING btree ("author_id","likes_count","id") WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "stickersets_author_visibility_ix" ON "stickersets" USING btree ("author_id","visibility" collate "C","id") WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "stickersets_public_ix" ON "stickersets" USING btree ("likes_count","created_at","id") WHERE "stickersets"."state" = 'ACTIVE' and "stickersets"."visibility" = 'PUBLIC';