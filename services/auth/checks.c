/* What is wrong with the settings beyond what their table can say. */
#include "app/links.h"
#include "auth.h"

static void check_delivery(const struct app *app, struct buf *problems)
{
	const struct auth *auth = app->self;

	if (!auth->otp_delivery)
		return;
	if (auth_shows_codes(auth) && app->set.production)
		buf_addf(problems,
			"OTP_DELIVERY: \"response\" shows codes to whoever asks, so it is "
			"refused in production\n");
	if (!auth_shows_codes(auth) && !auth->otp_webhook_url)
		buf_addf(problems,
			"OTP_WEBHOOK_URL: must be set with OTP_DELIVERY=webhook\n");
	links_check_outside(app, "OTP_WEBHOOK_URL", auth->otp_webhook_url, problems);
	if (auth->otp_webhook_token && strpbrk(auth->otp_webhook_token, "\r\n"))
		buf_addf(problems, "OTP_WEBHOOK_TOKEN: must be one line\n");
}

/* Everyone who has the public key, or the secret, must take what auth signs. */
static void check_keys(struct app *app, struct buf *problems)
{
	const struct auth *auth = app->self;
	const struct identity nobody = { 0 };
	const char *why = NULL;
	struct identity out;
	struct token_signer *signer;

	if (!app->set.secret_key || !app->verifier)
		return;
	signer = token_signer_new(auth->jwt_private_key, app->set.secret_key, &why);
	if (!signer) {
		buf_addf(problems, "JWT_PRIVATE_KEY: %s\n", why);
		return;
	}
	if (verifier_check(app->verifier, token_sign(signer, &app->arena, &nobody, 60),
		    &out) != ERR_OK)
		buf_addf(problems, "JWT_PUBLIC_KEY: does not belong to JWT_PRIVATE_KEY\n");
	token_signer_free(&signer);
}

void auth_check(struct app *app, struct buf *problems)
{
	const struct auth *auth = app->self;

	if (!app->set.secret_key)
		buf_addf(problems, "SECRET_KEY: must be set\n");
	check_delivery(app, problems);
	check_keys(app, problems);
	if (auth->default_region && !mobile_region_find(str_of(auth->default_region)))
		buf_addf(problems,
			"DEFAULT_REGION: must be a two-letter country code (IN, US, "
			"...)\n");
}
