ALTER TABLE "crawler_receipts" ADD COLUMN "fingerprint" text;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD COLUMN "fingerprint" text;--> statement-breakpoint
ALTER TABLE "love_parser_idempotency_keys" ADD COLUMN "fingerprint" text;--> statement-breakpoint
CREATE INDEX "tasks_dead_ix" ON "tasks" USING btree ("kind","dedupe_key") WHERE "tasks"."state" = 'dead';