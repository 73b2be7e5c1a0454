#include "prompt.h"

#include "base/token_estimate.h"
#include "json/write.h"

/* The newest turns that fit; the first that is told must be the user's. */
static struct prompt_told fitting(const struct prompt *p)
{
	int64_t tokens = token_estimate(p->system), turn;
	struct prompt_told told = { .tokens = tokens };

	for (int n = 0; n < p->count; n++) {
		turn = token_estimate(p->turns[n].text);
		if (n > 0 && tokens + turn > p->max_tokens)
			break;
		tokens += turn;
		if (p->turns[n].from_user)
			told = (struct prompt_told){ n + 1, p->turns[n].depth, tokens };
	}
	return told;
}

static void put_text(struct json_writer *w, struct str text)
{
	json_object(w, NULL);
	json_put_str(w, "text", text);
	json_end(w);
}

static void put_contents(struct json_writer *w, const struct turn *turns, int n)
{
	json_array(w, "contents");
	for (int i = n - 1; i >= 0;) {
		bool from_user = turns[i].from_user;

		json_object(w, NULL);
		json_put_z(w, "role", from_user ? "user" : "model");
		json_array(w, "parts");
		for (; i >= 0 && turns[i].from_user == from_user; i--)
			put_text(w, turns[i].text);
		json_end(w);
		json_end(w);
	}
	json_end(w);
}

bool prompt_build(const struct prompt *p, struct buf *out, struct prompt_told *told)
{
	struct json_writer w = json_writer(out);

	*told = fitting(p);
	if (told->turns == 0)
		return false;
	json_object(&w, NULL);
	if (p->system.len) {
		json_object(&w, "systemInstruction");
		json_array(&w, "parts");
		put_text(&w, p->system);
		json_end(&w);
		json_end(&w);
	}
	put_contents(&w, p->turns, told->turns);
	if (p->max_output_tokens) {
		json_object(&w, "generationConfig");
		json_put_i64(&w, "maxOutputTokens", p->max_output_tokens);
		json_end(&w);
	}
	json_end(&w);
	return true;
}
