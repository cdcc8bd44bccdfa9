CREATE TABLE "refused_payment_notifications" (
	"id" uuid PRIMARY KEY NOT NULL,
	"reason" text NOT NULL,
	"order_number" text,
	"sum" text,
	"address" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "refused_payment_notifications_reason_ix" ON "refused_payment_notifications" USING btree ("reason","created_at","id");--> statement-breakpoint
CREATE INDEX "refused_payment_notifications_created_ix" ON "refused_payment_notifications" USING btree ("created_at");