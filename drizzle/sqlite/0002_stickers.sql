CREATE TABLE `sticker_art_transactions` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`rule_code` text NOT NULL,
	`direction` text NOT NULL,
	`delta` integer NOT NULL,
	`balance_after` integer NOT NULL,
	`metadata` text,
	`external_id` text NOT NULL,
	`performed_by` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `sticker_profiles`(`user_id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "sticker_art_transactions_direction_ck" CHECK("sticker_art_transactions"."direction" in ('CREDIT', 'DEBIT')),
	CONSTRAINT "sticker_art_transactions_delta_ck" CHECK("sticker_art_transactions"."delta" <> 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sticker_art_transactions_external_uq` ON `sticker_art_transactions` (`external_id`);--> statement-breakpoint
CREATE INDEX `sticker_art_transactions_user_ix` ON `sticker_art_transactions` (`user_id`,"created_at" desc);--> statement-breakpoint
CREATE TABLE `sticker_categories` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`key` text NOT NULL,
	`name_ru` text NOT NULL,
	`name_en` text NOT NULL,
	`description_ru` text,
	`description_en` text,
	`icon_url` text,
	`display_order` integer DEFAULT 0 NOT NULL,
	`is_active` integer DEFAULT true NOT NULL,
	CONSTRAINT "sticker_categories_key_ck" CHECK(length("sticker_categories"."key") between 2 and 50 and "sticker_categories"."key" not glob '*[^a-z_]*')
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sticker_categories_key_uq` ON `sticker_categories` (`key`);--> statement-breakpoint
CREATE TABLE `sticker_profiles` (
	`user_id` integer PRIMARY KEY NOT NULL,
	`art_balance` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "sticker_profiles_balance_ck" CHECK("sticker_profiles"."art_balance" >= 0)
);
--> statement-breakpoint
CREATE TABLE `stickerset_audit` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`service` text NOT NULL,
	`operation` text NOT NULL,
	`stickerset_id` integer NOT NULL,
	`user_id` integer,
	`request_id` text NOT NULL,
	CONSTRAINT "stickerset_audit_operation_ck" CHECK("stickerset_audit"."operation" in ('create', 'revive', 'delete', 'publish', 'unpublish'))
);
--> statement-breakpoint
CREATE INDEX `stickerset_audit_set_ix` ON `stickerset_audit` (`stickerset_id`,`id`);--> statement-breakpoint
CREATE TABLE `stickerset_categories` (
	`stickerset_id` integer NOT NULL,
	`category_id` integer NOT NULL,
	PRIMARY KEY(`stickerset_id`, `category_id`),
	FOREIGN KEY (`stickerset_id`) REFERENCES `stickersets`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`category_id`) REFERENCES `sticker_categories`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `stickerset_categories_category_ix` ON `stickerset_categories` (`category_id`,`stickerset_id`);--> statement-breakpoint
CREATE TABLE `stickerset_descriptions` (
	`stickerset_id` integer NOT NULL,
	`language` text NOT NULL,
	`description` text NOT NULL,
	PRIMARY KEY(`stickerset_id`, `language`),
	FOREIGN KEY (`stickerset_id`) REFERENCES `stickersets`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `stickerset_likes` (
	`user_id` integer NOT NULL,
	`stickerset_id` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `stickerset_id`),
	FOREIGN KEY (`stickerset_id`) REFERENCES `stickersets`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `stickerset_likes_set_ix` ON `stickerset_likes` (`stickerset_id`);--> statement-breakpoint
CREATE TABLE `stickerset_telegram_cache` (
	`name` text PRIMARY KEY NOT NULL,
	`payload` text NOT NULL,
	`fetched_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `stickerset_telegram_cache_fetched_ix` ON `stickerset_telegram_cache` (`fetched_at`);--> statement-breakpoint
CREATE TABLE `stickersets` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`author_id` integer,
	`name` text NOT NULL,
	`title` text NOT NULL,
	`description` text,
	`state` text NOT NULL,
	`visibility` text NOT NULL,
	`type` text NOT NULL,
	`block_reason` text,
	`created_at` integer NOT NULL,
	`deleted_at` integer,
	`likes_count` integer DEFAULT 0 NOT NULL,
	`search_text` text NOT NULL,
	CONSTRAINT "stickersets_state_ck" CHECK("stickersets"."state" in ('ACTIVE', 'DELETED', 'BLOCKED')),
	CONSTRAINT "stickersets_visibility_ck" CHECK("stickersets"."visibility" in ('PUBLIC', 'PRIVATE')),
	CONSTRAINT "stickersets_type_ck" CHECK("stickersets"."type" in ('USER', 'OFFICIAL')),
	CONSTRAINT "stickersets_likes_ck" CHECK("stickersets"."likes_count" >= 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stickersets_name_uq` ON `stickersets` (lower("name")) WHERE "stickersets"."state" in ('ACTIVE', 'BLOCKED');--> statement-breakpoint
CREATE INDEX `stickersets_deleted_ix` ON `stickersets` (lower("name"),`user_id`) WHERE "stickersets"."state" = 'DELETED';--> statement-breakpoint
CREATE INDEX `stickersets_author_id_ix` ON `stickersets` (`author_id`,`id`) WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX `stickersets_author_created_ix` ON `stickersets` (`author_id`,`created_at`,`id`) WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX `stickersets_author_title_ix` ON `stickersets` (`author_id`,`title`,`id`) WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX `stickersets_author_name_ix` ON `stickersets` (`author_id`,`name`,`id`) WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX `stickersets_author_likes_ix` ON `stickersets` (`author_id`,`likes_count`,`id`) WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX `stickersets_author_visibility_ix` ON `stickersets` (`author_id`,`visibility`,`id`) WHERE "stickersets"."state" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX `stickersets_public_ix` ON `stickersets` (`likes_count`,`created_at`,`id`) WHERE "stickersets"."state" = 'ACTIVE' and "stickersets"."visibility" = 'PUBLIC';