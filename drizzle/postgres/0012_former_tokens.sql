CREATE TABLE "crawler_former_tokens" (
	"token_hash" text NOT NULL,
	"instance" text NOT NULL,
	"account_id" text NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "crawler_former_tokens_token_hash_instance_pk" PRIMARY KEY("token_hash","instance")
);
--> statement-breakpoint
ALTER TABLE "crawler_former_tokens" ADD CONSTRAINT "crawler_former_tokens_account_id_crawler_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."crawler_accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "crawler_former_tokens_account_ix" ON "crawler_former_tokens" USING btree ("account_id");