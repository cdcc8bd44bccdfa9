CREATE TABLE "audience_segments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"filters" jsonb NOT NULL,
	"source_parsing_id" uuid,
	"total_recipients" integer NOT NULL,
	"status" text NOT NULL,
	"quota_period" integer,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "audience_segments_status_ck" CHECK ("audience_segments"."status" in ('ready', 'processing', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "telegram_auth_states" (
	"id" uuid PRIMARY KEY NOT NULL,
	"phone" text NOT NULL,
	"state" text NOT NULL,
	"stage" text NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "telegram_auth_states_stage_ck" CHECK ("telegram_auth_states"."stage" in ('code', 'password', 'used'))
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"template" text NOT NULL,
	"message" text NOT NULL,
	"metadata" jsonb NOT NULL,
	"dedupe_key" text NOT NULL,
	"sent_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "parsed_channels" (
	"search_id" uuid NOT NULL,
	"channel_id" text NOT NULL,
	"title" text,
	"username" text,
	"member_count" bigint NOT NULL,
	"activity_score" double precision NOT NULL,
	"activity_level" text NOT NULL,
	"description" text,
	"language" text,
	"last_post" timestamp (3) with time zone,
	CONSTRAINT "parsed_channels_search_id_channel_id_pk" PRIMARY KEY("search_id","channel_id")
);
--> statement-breakpoint
CREATE TABLE "parsing_history" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"query" text NOT NULL,
	"filters" jsonb NOT NULL,
	"status" text NOT NULL,
	"source" text NOT NULL,
	"result_count" integer DEFAULT 0 NOT NULL,
	"error_message" text,
	"snapshot" jsonb NOT NULL,
	"task_id" uuid NOT NULL,
	"quota_period" integer,
	"cancelled" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "parsing_history_status_ck" CHECK ("parsing_history"."status" in ('pending', 'processing', 'completed', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "payment_order_counter" (
	"id" integer PRIMARY KEY NOT NULL,
	"last" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"subscription_id" uuid,
	"plan_code" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"status" text NOT NULL,
	"order_number" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"payload" jsonb NOT NULL,
	"reminded_at" timestamp (3) with time zone,
	"paid_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "payments_status_ck" CHECK ("payments"."status" in ('pending', 'completed', 'failed', 'cancelled'))
);
--> statement-breakpoint
CREATE TABLE "love_parser_idempotency_keys" (
	"user_id" uuid NOT NULL,
	"route" text NOT NULL,
	"key" text NOT NULL,
	"body_hash" text NOT NULL,
	"status" integer NOT NULL,
	"body" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "love_parser_idempotency_keys_user_id_route_key_pk" PRIMARY KEY("user_id","route","key")
);
--> statement-breakpoint
CREATE TABLE "send_code_attempts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "send_code_attempts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"phone" text NOT NULL,
	"ip" text NOT NULL,
	"state" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"plan_code" text,
	"plan_name" text,
	"status" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"metadata" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "subscriptions_status_ck" CHECK ("subscriptions"."status" in ('active', 'trialing', 'expired', 'cancelled'))
);
--> statement-breakpoint
CREATE TABLE "telegram_sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"session_data" text NOT NULL,
	"is_active" boolean NOT NULL,
	"device" text,
	"last_used_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "token_blacklist" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "usage" (
	"user_id" uuid NOT NULL,
	"category" text NOT NULL,
	"limit_value" integer NOT NULL,
	"consumed_value" integer NOT NULL,
	"resets_at" timestamp (3) with time zone NOT NULL,
	"period" integer NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "usage_user_id_category_pk" PRIMARY KEY("user_id","category"),
	CONSTRAINT "usage_category_ck" CHECK ("usage"."category" in ('parsing', 'audience', 'broadcast')),
	CONSTRAINT "usage_consumed_ck" CHECK ("usage"."consumed_value" >= 0)
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text,
	"phone_number" text,
	"telegram_id" bigint NOT NULL,
	"telegram_username" text,
	"full_name" text,
	"status" text NOT NULL,
	"profile" jsonb NOT NULL,
	"revision" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "users_status_ck" CHECK ("users"."status" in ('active', 'blocked'))
);
--> statement-breakpoint
ALTER TABLE "audience_segments" ADD CONSTRAINT "audience_segments_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audience_segments" ADD CONSTRAINT "audience_segments_source_parsing_id_parsing_history_id_fk" FOREIGN KEY ("source_parsing_id") REFERENCES "public"."parsing_history"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "parsed_channels" ADD CONSTRAINT "parsed_channels_search_id_parsing_history_id_fk" FOREIGN KEY ("search_id") REFERENCES "public"."parsing_history"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "parsing_history" ADD CONSTRAINT "parsing_history_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_subscription_id_subscriptions_id_fk" FOREIGN KEY ("subscription_id") REFERENCES "public"."subscriptions"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "love_parser_idempotency_keys" ADD CONSTRAINT "love_parser_idempotency_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "telegram_sessions" ADD CONSTRAINT "telegram_sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage" ADD CONSTRAINT "usage_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "audience_segments_name_uq" ON "audience_segments" USING btree ("user_id","name");--> statement-breakpoint
CREATE INDEX "audience_segments_user_ix" ON "audience_segments" USING btree ("user_id","created_at" desc,"id" desc);--> statement-breakpoint
CREATE INDEX "audience_segments_source_ix" ON "audience_segments" USING btree ("source_parsing_id");--> statement-breakpoint
CREATE INDEX "telegram_auth_states_expiry_ix" ON "telegram_auth_states" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "notifications_dedupe_uq" ON "notifications" USING btree ("user_id","template","dedupe_key");--> statement-breakpoint
CREATE INDEX "notifications_unsent_ix" ON "notifications" USING btree ("created_at","id") WHERE "notifications"."sent_at" is null;--> statement-breakpoint
CREATE INDEX "parsed_channels_members_ix" ON "parsed_channels" USING btree ("search_id","member_count" desc,"channel_id" collate "C");--> statement-breakpoint
CREATE INDEX "parsed_channels_activity_ix" ON "parsed_channels" USING btree ("search_id","activity_score" desc,"channel_id" collate "C");--> statement-breakpoint
CREATE INDEX "parsing_history_user_ix" ON "parsing_history" USING btree ("user_id","created_at" desc,"id" desc);--> statement-breakpoint
CREATE UNIQUE INDEX "payments_order_uq" ON "payments" USING btree ("order_number");--> statement-breakpoint
CREATE INDEX "payments_user_ix" ON "payments" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "payments_pending_ix" ON "payments" USING btree ("created_at") WHERE "payments"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "love_parser_idempotency_expiry_ix" ON "love_parser_idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "send_code_attempts_phone_ix" ON "send_code_attempts" USING btree ("phone","created_at");--> statement-breakpoint
CREATE INDEX "send_code_attempts_ip_ix" ON "send_code_attempts" USING btree ("ip","created_at");--> statement-breakpoint
CREATE INDEX "send_code_attempts_created_ix" ON "send_code_attempts" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "subscriptions_user_ix" ON "subscriptions" USING btree ("user_id","expires_at");--> statement-breakpoint
CREATE INDEX "subscriptions_ending_ix" ON "subscriptions" USING btree ("expires_at") WHERE "subscriptions"."status" in ('active', 'trialing');--> statement-breakpoint
CREATE INDEX "telegram_sessions_user_ix" ON "telegram_sessions" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "telegram_sessions_active_uq" ON "telegram_sessions" USING btree ("user_id") WHERE "telegram_sessions"."is_active";--> statement-breakpoint
CREATE INDEX "token_blacklist_expiry_ix" ON "token_blacklist" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "usage_reset_ix" ON "usage" USING btree ("resets_at");--> statement-breakpoint
CREATE UNIQUE INDEX "users_telegram_uq" ON "users" USING btree ("telegram_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_uq" ON "users" USING btree ("email");