CREATE TABLE "internal_categories" (
	"id" bigint PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"parent_id" bigint,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "work_leases" (
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"holder" text NOT NULL,
	"content_hash" text,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "work_leases_kind_subject_pk" PRIMARY KEY("kind","subject")
);
--> statement-breakpoint
DROP INDEX "products_unscored_ix";--> statement-breakpoint
ALTER TABLE "internal_categories" ADD CONSTRAINT "internal_categories_parent_id_internal_categories_id_fk" FOREIGN KEY ("parent_id") REFERENCES "public"."internal_categories"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "internal_categories_parent_ix" ON "internal_categories" USING btree ("parent_id");--> statement-breakpoint
CREATE INDEX "work_leases_anonymous_ix" ON "work_leases" USING btree ("kind","expires_at") WHERE "work_leases"."holder" = '';--> statement-breakpoint
CREATE INDEX "work_leases_expiry_ix" ON "work_leases" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "products_rescoring_ix" ON "products" USING btree ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring" and "products"."llm_gift_score" is not null;--> statement-breakpoint
CREATE INDEX "products_best_ix" ON "products" USING btree ("llm_gift_score" desc) WHERE "products"."is_active" and "products"."llm_gift_score" is not null;--> statement-breakpoint
CREATE INDEX "products_unscored_ix" ON "products" USING btree ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring" and "products"."llm_gift_score" is null;