CREATE TABLE "category_maps" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "category_maps_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"external_name" text NOT NULL,
	"name_hash" text NOT NULL,
	"internal_category_id" bigint,
	"is_verified" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"body_hash" text NOT NULL,
	"response" jsonb,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_scope_key_pk" PRIMARY KEY("scope","key")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"queue" text NOT NULL,
	"message_id" text NOT NULL,
	"body" jsonb NOT NULL,
	"published_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "parsing_runs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "parsing_runs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source_id" bigint NOT NULL,
	"site_key" text NOT NULL,
	"task_id" uuid,
	"status" text NOT NULL,
	"strategy" text NOT NULL,
	"trigger" text NOT NULL,
	"reason" text,
	"error" text,
	"items_scraped" bigint DEFAULT 0 NOT NULL,
	"items_new" bigint DEFAULT 0 NOT NULL,
	"items_updated" bigint DEFAULT 0 NOT NULL,
	"items_unchanged" bigint DEFAULT 0 NOT NULL,
	"categories_found" bigint DEFAULT 0 NOT NULL,
	"reported" boolean DEFAULT false NOT NULL,
	"is_hub" boolean DEFAULT false NOT NULL,
	"logs" text,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"last_activity_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "parsing_runs_status_ck" CHECK ("parsing_runs"."status" in ('queued', 'running', 'completed', 'failed', 'lost', 'cancelled', 'skipped'))
);
--> statement-breakpoint
CREATE TABLE "parsing_sources" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "parsing_sources_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"url" text NOT NULL,
	"url_hash" text NOT NULL,
	"type" text NOT NULL,
	"site_key" text NOT NULL,
	"strategy" text NOT NULL,
	"priority" integer NOT NULL,
	"refresh_interval_hours" integer NOT NULL,
	"schedule" jsonb,
	"overlap" text NOT NULL,
	"is_active" boolean NOT NULL,
	"status" text NOT NULL,
	"last_synced_at" timestamp (3) with time zone,
	"next_sync_at" timestamp (3) with time zone NOT NULL,
	"config" jsonb NOT NULL,
	"retry_count" integer DEFAULT 0 NOT NULL,
	"fix_required" boolean DEFAULT false NOT NULL,
	"last_error" text,
	"last_logs" text,
	"last_stats" jsonb,
	"resume_status" text,
	"queued_after" text,
	"discovered_at" timestamp (3) with time zone,
	"activated_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "product_prices" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "product_prices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"gift_hash" text NOT NULL,
	"price" double precision,
	"currency" text,
	"run_id" bigint,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "products" (
	"gift_hash" text PRIMARY KEY NOT NULL,
	"gift_id" text NOT NULL,
	"site_key" text NOT NULL,
	"source_id" bigint,
	"title" text NOT NULL,
	"description" text,
	"price" double precision,
	"currency" text,
	"image_url" text,
	"product_url" text NOT NULL,
	"merchant" text,
	"category" text,
	"category_key" text,
	"is_active" boolean NOT NULL,
	"content_text" text NOT NULL,
	"content_hash" text NOT NULL,
	"llm_gift_score" double precision,
	"llm_gift_reasoning" text,
	"llm_gift_vector" jsonb,
	"llm_scoring_model" text,
	"llm_scoring_version" text,
	"llm_scored_at" timestamp (3) with time zone,
	"llm_scored_hash" text,
	"needs_scoring" boolean NOT NULL,
	"raw" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedule_skips" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "schedule_skips_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedules" (
	"name" text PRIMARY KEY NOT NULL,
	"cron" text NOT NULL,
	"timezone" text NOT NULL,
	"next_run_at" timestamp (3) with time zone NOT NULL,
	"last_run_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "telegram_subscribers" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "telegram_subscribers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"chat_id" bigint,
	"slug" text,
	"name" text,
	"mentor_id" bigint,
	"language" text DEFAULT 'ru' NOT NULL,
	"is_active" boolean NOT NULL,
	"role" text NOT NULL,
	"permissions" jsonb NOT NULL,
	"invite_password_hash" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "telegram_subscribers_role_ck" CHECK ("telegram_subscribers"."role" in ('user', 'admin', 'superadmin'))
);
--> statement-breakpoint
CREATE TABLE "task_groups" (
	"key" text PRIMARY KEY NOT NULL,
	"cap" integer,
	"paused_until" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tasks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"payload" jsonb NOT NULL,
	"priority" integer NOT NULL,
	"state" text NOT NULL,
	"run_after" timestamp (3) with time zone NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"max_attempts" integer NOT NULL,
	"lease_owner" text,
	"lease_expires_at" timestamp (3) with time zone,
	"lease_ms" integer,
	"last_end" text,
	"fence" bigint DEFAULT 0 NOT NULL,
	"progress" jsonb,
	"result" jsonb,
	"error" text,
	"dedupe_key" text,
	"group_key" text,
	"expires_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "tasks_state_ck" CHECK ("tasks"."state" in ('queued', 'leased', 'paused', 'cancelling', 'completed', 'failed', 'cancelled', 'dead'))
);
--> statement-breakpoint
CREATE TABLE "worker_heartbeats" (
	"hostname" text NOT NULL,
	"pid" bigint NOT NULL,
	"worker_id" text NOT NULL,
	"status" text NOT NULL,
	"concurrent_tasks" double precision NOT NULL,
	"ram_usage_pct" double precision NOT NULL,
	"cpu_usage" double precision NOT NULL,
	"via" text NOT NULL,
	"last_seen" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "worker_heartbeats_hostname_pid_pk" PRIMARY KEY("hostname","pid")
);
--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD CONSTRAINT "parsing_runs_source_id_parsing_sources_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."parsing_sources"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "category_maps_name_uq" ON "category_maps" USING btree ("name_hash");--> statement-breakpoint
CREATE INDEX "category_maps_unmapped_ix" ON "category_maps" USING btree ("id") WHERE "category_maps"."internal_category_id" is null;--> statement-breakpoint
CREATE INDEX "idempotency_keys_expiry_ix" ON "idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "outbox_unpublished_ix" ON "outbox" USING btree ("id") WHERE "outbox"."published_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_message_uq" ON "outbox" USING btree ("message_id");--> statement-breakpoint
CREATE UNIQUE INDEX "parsing_runs_open_uq" ON "parsing_runs" USING btree ("source_id") WHERE "parsing_runs"."status" in ('queued', 'running');--> statement-breakpoint
CREATE INDEX "parsing_runs_history_ix" ON "parsing_runs" USING btree ("source_id","id" desc);--> statement-breakpoint
CREATE INDEX "parsing_runs_site_ix" ON "parsing_runs" USING btree ("site_key","id" desc);--> statement-breakpoint
CREATE INDEX "parsing_runs_created_ix" ON "parsing_runs" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "parsing_runs_idle_ix" ON "parsing_runs" USING btree ("last_activity_at") WHERE "parsing_runs"."status" in ('queued', 'running');--> statement-breakpoint
CREATE UNIQUE INDEX "parsing_sources_url_uq" ON "parsing_sources" USING btree ("url_hash");--> statement-breakpoint
CREATE INDEX "parsing_sources_due_ix" ON "parsing_sources" USING btree ("next_sync_at","priority" desc) WHERE "parsing_sources"."is_active";--> statement-breakpoint
CREATE INDEX "parsing_sources_site_ix" ON "parsing_sources" USING btree ("site_key","type");--> statement-breakpoint
CREATE INDEX "parsing_sources_status_ix" ON "parsing_sources" USING btree ("status","priority" desc,"created_at");--> statement-breakpoint
CREATE INDEX "parsing_sources_quota_ix" ON "parsing_sources" USING btree ("activated_at") WHERE "parsing_sources"."activated_at" is not null;--> statement-breakpoint
CREATE INDEX "product_prices_seen_ix" ON "product_prices" USING btree ("gift_hash","seen_at" desc);--> statement-breakpoint
CREATE INDEX "products_site_category_ix" ON "products" USING btree ("site_key","category_key");--> statement-breakpoint
CREATE INDEX "products_source_ix" ON "products" USING btree ("source_id","site_key");--> statement-breakpoint
CREATE INDEX "products_category_ix" ON "products" USING btree ("category_key") WHERE "products"."is_active";--> statement-breakpoint
CREATE INDEX "products_updated_ix" ON "products" USING btree ("updated_at" desc);--> statement-breakpoint
CREATE INDEX "products_unscored_ix" ON "products" USING btree ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring";--> statement-breakpoint
CREATE INDEX "products_price_ix" ON "products" USING btree ("price");--> statement-breakpoint
CREATE INDEX "schedule_skips_name_ix" ON "schedule_skips" USING btree ("name","id");--> statement-breakpoint
CREATE INDEX "schedules_due_ix" ON "schedules" USING btree ("next_run_at");--> statement-breakpoint
CREATE UNIQUE INDEX "telegram_subscribers_chat_uq" ON "telegram_subscribers" USING btree ("chat_id");--> statement-breakpoint
CREATE UNIQUE INDEX "telegram_subscribers_slug_uq" ON "telegram_subscribers" USING btree ("slug");--> statement-breakpoint
CREATE INDEX "tasks_ready_ix" ON "tasks" USING btree ("kind","priority" desc,"id") WHERE "tasks"."state" = 'queued';--> statement-breakpoint
CREATE INDEX "tasks_lease_ix" ON "tasks" USING btree ("lease_expires_at") WHERE "tasks"."state" in ('leased', 'cancelling');--> statement-breakpoint
CREATE UNIQUE INDEX "tasks_live_uq" ON "tasks" USING btree ("kind","dedupe_key") WHERE "tasks"."state" in ('queued', 'leased', 'paused', 'cancelling') and "tasks"."dedupe_key" is not null;--> statement-breakpoint
CREATE INDEX "tasks_group_ix" ON "tasks" USING btree ("group_key") WHERE "tasks"."state" in ('leased', 'cancelling') and "tasks"."group_key" is not null;--> statement-breakpoint
CREATE INDEX "tasks_expiry_ix" ON "tasks" USING btree ("expires_at") WHERE "tasks"."state" = 'queued' and "tasks"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX "tasks_finished_ix" ON "tasks" USING btree ("finished_at") WHERE "tasks"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX "tasks_kind_ix" ON "tasks" USING btree ("kind","state","id");--> statement-breakpoint
CREATE INDEX "worker_heartbeats_seen_ix" ON "worker_heartbeats" USING btree ("last_seen");