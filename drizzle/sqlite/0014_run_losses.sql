ALTER TABLE `parsing_runs` ADD `pages_failed` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `failed_pages` text;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `outcome_reason` text;