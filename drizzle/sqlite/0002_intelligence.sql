CREATE TABLE `internal_categories` (
	`id` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`parent_id` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`parent_id`) REFERENCES `internal_categories`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `internal_categories_parent_ix` ON `internal_categories` (`parent_id`);--> statement-breakpoint
CREATE TABLE `work_leases` (
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`holder` text NOT NULL,
	`content_hash` text,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`kind`, `subject`)
);
--> statement-breakpoint
CREATE INDEX `work_leases_anonymous_ix` ON `work_leases` (`kind`,`expires_at`) WHERE "work_leases"."holder" = '';--> statement-breakpoint
CREATE INDEX `work_leases_expiry_ix` ON `work_leases` (`expires_at`);--> statement-breakpoint
DROP INDEX `products_unscored_ix`;--> statement-breakpoint
CREATE INDEX `products_rescoring_ix` ON `products` ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring" and "products"."llm_gift_score" is not null;--> statement-breakpoint
CREATE INDEX `products_best_ix` ON `products` ("llm_gift_score" desc) WHERE "products"."is_active" and "products"."llm_gift_score" is not null;--> statement-breakpoint
CREATE INDEX `products_unscored_ix` ON `products` ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring" and "products"."llm_gift_score" is null;