CREATE TABLE `attention_mutes` (
	`id` text PRIMARY KEY NOT NULL,
	`until` integer NOT NULL,
	`reason` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `attention_mutes_until_ix` ON `attention_mutes` (`until`);