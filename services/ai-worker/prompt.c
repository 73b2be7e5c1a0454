#include "prompt.h"

#include "json/write.h"

/* The newest turns that fit; the first that is told must be the user's. */
static int fitting(const struct prompt *p)
{
	int64_t bytes = 0;
	int n = 0;

	while (n < p->count) {
		bytes += (int64_t)p->turns[n].text.len;
		if (n > 0 && bytes > p->max_bytes)
			break;
		n++;
	}
	while (n > 0 && !p->turns[n - 1].from_user)
		n--;
	return n;
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

int prompt_build(const struct prompt *p, struct buf *out)
{
	struct json_writer w = json_writer(out);
	int n = fitting(p);

	json_object(&w, NULL);
	if (p->system) {
		json_object(&w, "systemInstruction");
		json_array(&w, "parts");
		put_text(&w, str_of(p->system));
		json_end(&w);
		json_end(&w);
	}
	put_contents(&w, p->turns, n);
	if (p->max_output_tokens) {
		json_object(&w, "generationConfig");
		json_put_i64(&w, "maxOutputTokens", p->max_output_tokens);
		json_end(&w);
	}
	json_end(&w);
	return n;
}
