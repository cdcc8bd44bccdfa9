CREATE TABLE `crawler_former_tokens` (
	`token_hash` text NOT NULL,
	`instance` text NOT NULL,
	`account_id` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`token_hash`, `instance`),
	FOREIGN KEY (`account_id`) REFERENCES `crawler_accounts`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `crawler_former_tokens_account_ix` ON `crawler_former_tokens` (`account_id`);