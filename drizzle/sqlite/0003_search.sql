CREATE TABLE `product_documents` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`gift_hash` text NOT NULL,
	`content_hash` text NOT NULL,
	`indexed_at` integer NOT NULL,
	FOREIGN KEY (`gift_hash`) REFERENCES `products`(`gift_hash`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `product_documents_gift_uq` ON `product_documents` (`gift_hash`);--> statement-breakpoint
CREATE TABLE `product_embeddings` (
	`gift_hash` text NOT NULL,
	`model_name` text NOT NULL,
	`model_version` text NOT NULL,
	`dim` integer NOT NULL,
	`embedding` blob NOT NULL,
	`content_hash` text NOT NULL,
	`embedded_at` integer NOT NULL,
	PRIMARY KEY(`gift_hash`, `model_name`, `model_version`),
	FOREIGN KEY (`gift_hash`) REFERENCES `products`(`gift_hash`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `product_embeddings_news_ix` ON `product_embeddings` (`model_name`,`model_version`,`embedded_at`);--> statement-breakpoint
CREATE TABLE `search_progress` (
	`follower` text PRIMARY KEY NOT NULL,
	`position` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `search_term_grams` (
	`gram` text NOT NULL,
	`length` integer NOT NULL,
	`stem` text NOT NULL,
	PRIMARY KEY(`gram`, `length`, `stem`)
);
--> statement-breakpoint
CREATE TABLE `search_terms` (
	`stem` text PRIMARY KEY NOT NULL,
	`word` text NOT NULL
);
