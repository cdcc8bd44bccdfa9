CREATE TABLE `claim_attempts` (
	`username` text NOT NULL,
	`attempted_at` integer NOT NULL,
	PRIMARY KEY(`username`, `attempted_at`)
);
--> statement-breakpoint
CREATE INDEX `claim_attempts_age_ix` ON `claim_attempts` (`attempted_at`);--> statement-breakpoint
CREATE TABLE `subscriber_topics` (
	`subscriber_id` integer NOT NULL,
	`topic` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`subscriber_id`, `topic`),
	FOREIGN KEY (`subscriber_id`) REFERENCES `telegram_subscribers`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `subscriber_topics_topic_ix` ON `subscriber_topics` (`topic`);--> statement-breakpoint
CREATE TABLE `weeek_accounts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`telegram_chat_id` integer NOT NULL,
	`token_ciphertext` text NOT NULL,
	`weeek_user_id` text NOT NULL,
	`weeek_workspace_id` text,
	`timezone` text NOT NULL,
	`is_active` integer NOT NULL,
	`last_reminders` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`telegram_chat_id`) REFERENCES `telegram_subscribers`(`chat_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `weeek_accounts_chat_uq` ON `weeek_accounts` (`telegram_chat_id`);--> statement-breakpoint
CREATE INDEX `weeek_accounts_zone_ix` ON `weeek_accounts` (`timezone`);