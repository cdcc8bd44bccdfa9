CREATE TABLE `audience_segments` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`filters` text NOT NULL,
	`source_parsing_id` text,
	`total_recipients` integer NOT NULL,
	`status` text NOT NULL,
	`quota_period` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`source_parsing_id`) REFERENCES `parsing_history`(`id`) ON UPDATE no action ON DELETE set null,
	CONSTRAINT "audience_segments_status_ck" CHECK("audience_segments"."status" in ('ready', 'processing', 'failed'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `audience_segments_name_uq` ON `audience_segments` (`user_id`,`name`);--> statement-breakpoint
CREATE INDEX `audience_segments_user_ix` ON `audience_segments` (`user_id`,"created_at" desc,"id" desc);--> statement-breakpoint
CREATE INDEX `audience_segments_source_ix` ON `audience_segments` (`source_parsing_id`);--> statement-breakpoint
CREATE TABLE `telegram_auth_states` (
	`id` text PRIMARY KEY NOT NULL,
	`phone` text NOT NULL,
	`state` text NOT NULL,
	`stage` text NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	CONSTRAINT "telegram_auth_states_stage_ck" CHECK("telegram_auth_states"."stage" in ('code', 'password', 'used'))
);
--> statement-breakpoint
CREATE INDEX `telegram_auth_states_expiry_ix` ON `telegram_auth_states` (`expires_at`);--> statement-breakpoint
CREATE TABLE `notifications` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`channel` text NOT NULL,
	`template` text NOT NULL,
	`message` text NOT NULL,
	`metadata` text NOT NULL,
	`dedupe_key` text NOT NULL,
	`sent_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `notifications_dedupe_uq` ON `notifications` (`user_id`,`template`,`dedupe_key`);--> statement-breakpoint
CREATE INDEX `notifications_unsent_ix` ON `notifications` (`created_at`,`id`) WHERE "notifications"."sent_at" is null;--> statement-breakpoint
CREATE TABLE `parsed_channels` (
	`search_id` text NOT NULL,
	`channel_id` text NOT NULL,
	`title` text,
	`username` text,
	`member_count` integer NOT NULL,
	`activity_score` real NOT NULL,
	`activity_level` text NOT NULL,
	`description` text,
	`language` text,
	`last_post` integer,
	PRIMARY KEY(`search_id`, `channel_id`),
	FOREIGN KEY (`search_id`) REFERENCES `parsing_history`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `parsed_channels_members_ix` ON `parsed_channels` (`search_id`,"member_count" desc,`channel_id`);--> statement-breakpoint
CREATE INDEX `parsed_channels_activity_ix` ON `parsed_channels` (`search_id`,"activity_score" desc,`channel_id`);--> statement-breakpoint
CREATE TABLE `parsing_history` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`query` text NOT NULL,
	`filters` text NOT NULL,
	`status` text NOT NULL,
	`source` text NOT NULL,
	`result_count` integer DEFAULT 0 NOT NULL,
	`error_message` text,
	`snapshot` text NOT NULL,
	`task_id` text NOT NULL,
	`quota_period` integer,
	`cancelled` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`completed_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "parsing_history_status_ck" CHECK("parsing_history"."status" in ('pending', 'processing', 'completed', 'failed'))
);
--> statement-breakpoint
CREATE INDEX `parsing_history_user_ix` ON `parsing_history` (`user_id`,"created_at" desc,"id" desc);--> statement-breakpoint
CREATE TABLE `payment_order_counter` (
	`id` integer PRIMARY KEY NOT NULL,
	`last` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `payments` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`subscription_id` text,
	`plan_code` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`status` text NOT NULL,
	`order_number` integer NOT NULL,
	`is_test` integer NOT NULL,
	`payload` text NOT NULL,
	`reminded_at` integer,
	`paid_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`subscription_id`) REFERENCES `subscriptions`(`id`) ON UPDATE no action ON DELETE set null,
	CONSTRAINT "payments_status_ck" CHECK("payments"."status" in ('pending', 'completed', 'failed', 'cancelled'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payments_order_uq` ON `payments` (`order_number`);--> statement-breakpoint
CREATE INDEX `payments_user_ix` ON `payments` (`user_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `payments_pending_ix` ON `payments` (`created_at`) WHERE "payments"."status" = 'pending';--> statement-breakpoint
CREATE TABLE `love_parser_idempotency_keys` (
	`user_id` text NOT NULL,
	`route` text NOT NULL,
	`key` text NOT NULL,
	`body_hash` text NOT NULL,
	`status` integer NOT NULL,
	`body` text NOT NULL,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `route`, `key`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `love_parser_idempotency_expiry_ix` ON `love_parser_idempotency_keys` (`expires_at`);--> statement-breakpoint
CREATE TABLE `send_code_attempts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`phone` text NOT NULL,
	`ip` text NOT NULL,
	`state` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `send_code_attempts_phone_ix` ON `send_code_attempts` (`phone`,`created_at`);--> statement-breakpoint
CREATE INDEX `send_code_attempts_ip_ix` ON `send_code_attempts` (`ip`,`created_at`);--> statement-breakpoint
CREATE INDEX `send_code_attempts_created_ix` ON `send_code_attempts` (`created_at`);--> statement-breakpoint
CREATE TABLE `subscriptions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`plan_code` text,
	`plan_name` text,
	`status` text NOT NULL,
	`started_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "subscriptions_status_ck" CHECK("subscriptions"."status" in ('active', 'trialing', 'expired', 'cancelled'))
);
--> statement-breakpoint
CREATE INDEX `subscriptions_user_ix` ON `subscriptions` (`user_id`,`expires_at`);--> statement-breakpoint
CREATE INDEX `subscriptions_ending_ix` ON `subscriptions` (`expires_at`) WHERE "subscriptions"."status" in ('active', 'trialing');--> statement-breakpoint
CREATE TABLE `telegram_sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`session_data` text NOT NULL,
	`is_active` integer NOT NULL,
	`device` text,
	`last_used_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `telegram_sessions_user_ix` ON `telegram_sessions` (`user_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `telegram_sessions_active_uq` ON `telegram_sessions` (`user_id`) WHERE "telegram_sessions"."is_active";--> statement-breakpoint
CREATE TABLE `token_blacklist` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `token_blacklist_expiry_ix` ON `token_blacklist` (`expires_at`);--> statement-breakpoint
CREATE TABLE `usage` (
	`user_id` text NOT NULL,
	`category` text NOT NULL,
	`limit_value` integer NOT NULL,
	`consumed_value` integer NOT NULL,
	`resets_at` integer NOT NULL,
	`period` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `category`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "usage_category_ck" CHECK("usage"."category" in ('parsing', 'audience', 'broadcast')),
	CONSTRAINT "usage_consumed_ck" CHECK("usage"."consumed_value" >= 0)
);
--> statement-breakpoint
CREATE INDEX `usage_reset_ix` ON `usage` (`resets_at`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text,
	`phone_number` text,
	`telegram_id` integer NOT NULL,
	`telegram_username` text,
	`full_name` text,
	`status` text NOT NULL,
	`profile` text NOT NULL,
	`revision` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "users_status_ck" CHECK("users"."status" in ('active', 'blocked'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_telegram_uq` ON `users` (`telegram_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_uq` ON `users` (`email`);