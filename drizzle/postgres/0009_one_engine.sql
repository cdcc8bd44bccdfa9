CREATE TABLE "task_clock" (
	"id" integer PRIMARY KEY NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"moves" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
DROP INDEX "crawler_tasks_ready_ix";--> statement-breakpoint
DROP INDEX "crawler_tasks_ready_type_ix";--> statement-breakpoint
DROP INDEX "crawler_tasks_silent_ix";--> statement-breakpoint
DROP INDEX "tasks_ready_ix";--> statement-breakpoint
ALTER TABLE "crawler_receipts" ADD COLUMN "fingerprint" text;--> statement-breakpoint
ALTER TABLE "crawler_tasks" ADD COLUMN "engine_task_id" uuid;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD COLUMN "fingerprint" text;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "items_rejected" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "rejections" jsonb;--> statement-breakpoint
ALTER TABLE "parsing_sources" ADD COLUMN "is_forced" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "parsing_sources" ADD COLUMN "switched_off_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "love_parser_idempotency_keys" ADD COLUMN "fingerprint" text;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "site_key" text;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "requeues" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "crawler_tasks_running_ix" ON "crawler_tasks" USING btree ("status","active_at") WHERE "crawler_tasks"."status" = 'running';--> statement-breakpoint
CREATE INDEX "crawler_tasks_unadopted_ix" ON "crawler_tasks" USING btree ("id") WHERE "crawler_tasks"."engine_task_id" is null;--> statement-breakpoint
CREATE INDEX "task_groups_cap_ix" ON "task_groups" USING btree ("cap") WHERE "task_groups"."cap" is not null;--> statement-breakpoint
CREATE INDEX "task_groups_pause_ix" ON "task_groups" USING btree ("paused_until") WHERE "task_groups"."paused_until" is not null;--> statement-breakpoint
CREATE INDEX "tasks_offer_ix" ON "tasks" USING btree ("kind","priority" desc,"run_after","requeues","id") WHERE "tasks"."state" = 'queued';--> statement-breakpoint
CREATE INDEX "tasks_dead_ix" ON "tasks" USING btree ("kind","dedupe_key") WHERE "tasks"."state" = 'dead';