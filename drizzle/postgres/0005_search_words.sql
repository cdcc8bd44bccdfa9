-- The configuration russian stems Latin words as English ones. Weights: title A, category B, merchant C, description D.
ALTER TABLE "product_documents" ADD COLUMN "document" tsvector;
--> statement-breakpoint
CREATE INDEX "product_documents_words_ix" ON "product_documents" USING gin ("document");
