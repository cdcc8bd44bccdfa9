CREATE TABLE "claim_attempts" (
	"username" text NOT NULL,
	"attempted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "claim_attempts_username_attempted_at_pk" PRIMARY KEY("username","attempted_at")
);
--> statement-breakpoint
CREATE TABLE "subscriber_topics" (
	"subscriber_id" bigint NOT NULL,
	"topic" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "subscriber_topics_subscriber_id_topic_pk" PRIMARY KEY("subscriber_id","topic")
);
--> statement-breakpoint
CREATE TABLE "weeek_accounts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "weeek_accounts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"telegram_chat_id" bigint NOT NULL,
	"token_ciphertext" text NOT NULL,
	"weeek_user_id" text NOT NULL,
	"weeek_workspace_id" text,
	"timezone" text NOT NULL,
	"is_active" boolean NOT NULL,
	"last_reminders" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "subscriber_topics" ADD CONSTRAINT "subscriber_topics_subscriber_id_telegram_subscribers_id_fk" FOREIGN KEY ("subscriber_id") REFERENCES "public"."telegram_subscribers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "weeek_accounts" ADD CONSTRAINT "weeek_accounts_telegram_chat_id_telegram_subscribers_chat_id_fk" FOREIGN KEY ("telegram_chat_id") REFERENCES "public"."telegram_subscribers"("chat_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "claim_attempts_age_ix" ON "claim_attempts" USING btree ("attempted_at");--> statement-breakpoint
CREATE INDEX "subscriber_topics_topic_ix" ON "subscriber_topics" USING btree ("topic");--> statement-breakpoint
CREATE UNIQUE INDEX "weeek_accounts_chat_uq" ON "weeek_accounts" USING btree ("telegram_chat_id");--> statement-breakpoint
CREATE INDEX "weeek_accounts_zone_ix" ON "weeek_accounts" USING btree ("timezone");