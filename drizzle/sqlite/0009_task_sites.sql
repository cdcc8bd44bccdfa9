ALTER TABLE `tasks` ADD `site_key` text;--> statement-breakpoint
ALTER TABLE `tasks` ADD `requeues` integer DEFAULT 0 NOT NULL;