#include "chunk.h"

#include "json/write.h"

static void write_candidate(struct json_writer *w, const struct chunk *c)
{
	json_array(w, "candidates");
	json_object(w, NULL);
	if (c->text.ptr) {
		json_object(w, "content");
		json_array(w, "parts");
		json_object(w, NULL);
		json_put_str(w, "text", c->text);
		if (c->thought)
			json_put_bool(w, "thought", true);
		json_end(w);
		json_end(w);
		json_put_z(w, "role", "model");
		json_end(w);
	}
	if (c->finish.len)
		json_put_str(w, "finishReason", c->finish);
	json_put_i64(w, "index", 0);
	json_end(w);
	json_end(w);
}

static void write_usage(struct json_writer *w, const struct chunk *c)
{
	json_object(w, "usageMetadata");
	json_put_i64(w, "promptTokenCount", c->prompt_tokens);
	if (c->answer_tokens)
		json_put_i64(w, "candidatesTokenCount", c->answer_tokens);
	json_put_i64(w, "totalTokenCount",
		c->prompt_tokens + c->answer_tokens + c->thought_tokens);
	json_array(w, "promptTokensDetails");
	json_object(w, NULL);
	json_put_z(w, "modality", "TEXT");
	json_put_i64(w, "tokenCount", c->prompt_tokens);
	json_end(w);
	json_end(w);
	if (c->thought_tokens)
		json_put_i64(w, "thoughtsTokenCount", c->thought_tokens);
	json_end(w);
}

void chunk_write(struct buf *out, const struct chunk *c)
{
	struct json_writer w = json_writer(out);

	json_object(&w, NULL);
	if (!c->no_candidates)
		write_candidate(&w, c);
	if (c->block.len) {
		json_object(&w, "promptFeedback");
		json_put_str(&w, "blockReason", c->block);
		json_end(&w);
	}
	write_usage(&w, c);
	json_put_z(&w, "modelVersion", c->model);
	json_put_z(&w, "responseId", c->id);
	json_end(&w);
}
