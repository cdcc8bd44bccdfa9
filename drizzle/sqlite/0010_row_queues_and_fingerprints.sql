ALTER TABLE `crawler_receipts` ADD `fingerprint` text;--> statement-breakpoint
ALTER TABLE `idempotency_keys` ADD `fingerprint` text;--> statement-breakpoint
ALTER TABLE `love_parser_idempotency_keys` ADD `fingerprint` text;--> statement-breakpoint
CREATE INDEX `tasks_dead_ix` ON `tasks` (`kind`,`dedupe_key`) WHERE "tasks"."state" = 'dead';