"""What other sites make a real browser do to somebody who is logged in here: nothing. Skipped without Chromium."""

import secrets
from urllib.parse import quote

import pytest

from tests.factories import PASSWORD
from tests.http import API
from tests.installation import copied
from tests.security.browser import APP, EMAIL, MAKE_ANN, OURS, THEIRS, certified, chromium, elsewhere, site
from tests.security.planted import SETTINGS

pytestmark = [pytest.mark.long, pytest.mark.once, pytest.mark.no_cover]

PAGES = ("/login", "/logout", "/docs", "/redoc", "/docs/problems", "/two-factor", "/admin/", f"{API}/users/me")
STATIC = ("/static/icon.svg", "/static/pages.css", "/static/admin/js/core.js")
ERRORS = ("/nowhere", "/static/nowhere", f"{API}/nowhere", f"{API}/wallets", "/auth/not-me?token=x")
FORMS = {  # what another site's form may send where, and how it would show that it was done
    "/login": {"email": "eve@example.org", "password": PASSWORD},
    "/logout": {},
    "/two-factor": {},
    "/admin/step-up/": {"password": PASSWORD},
    "/admin/families/family/": {"action": "archive", "_selected_action": "1", "confirmed": "1"},
    f"{API}/families": {"name": "Theirs", "base_currency": "EUR", "timezone": "UTC"},
    f"{API}/auth/logout": {},
    "/auth/password/reset": {"token": "guessed", "new_password": "theirs from now on"},
    "/auth/email/verify": {"token": "guessed"},
    "/auth/not-me": {"token": "guessed"},
}
LETTERS = ("/auth/password/reset", "/auth/email/verify", "/auth/not-me")  # which answer with what is wrong
DONE = ("accounts_user", "accounts_loginsession", "accounts_totpdevice", "families_family", "audit_eventlog")


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def theirs():
    with elsewhere() as found:
        yield found


@pytest.fixture(scope="module")
def ours(browser, theirs, migrated, tmp_path_factory):
    """One server for all, with Ann and Eve; a list of one origin that may call."""
    with (
        copied(migrated, tmp_path_factory.mktemp("browser")) as installation,
        site(installation, CORS_ALLOWED_ORIGINS=f"http://{APP}:{theirs.port}") as found,
    ):
        found.people()
        yield found


@pytest.fixture
def page(browser):
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def inside(page, ours):
    """Ann, logged in."""
    ours.log_in(page)
    assert page.url == f"{ours.origin}/docs/problems"
    return page


def left_behind(ours):
    return {table: ours.count(table) for table in DONE} | {
        "alive": ours.count("accounts_loginsession", "revoked_at IS NULL"),
        "archived": ours.count("families_family", "archived_at IS NOT NULL"),
    }


@pytest.mark.parametrize("host", [THEIRS, OURS], ids=["another site", "another origin of this site"])
@pytest.mark.parametrize("target", FORMS)
def test_a_form_of_another_site_does_nothing(inside, ours, theirs, target, host):
    before = left_behind(ours)
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain"):
        theirs.form(f"{ours.origin}{target}", FORMS[target], kind)
        with inside.expect_response(lambda answer: answer.request.method == "POST") as found:
            inside.goto(f"http://{host}:{theirs.port}/", wait_until="commit")
        assert found.value.status in ({200} if target in LETTERS else {401, 403}), kind
        inside.wait_for_load_state()
    assert left_behind(ours) == before
    assert EMAIL in inside.goto(f"{ours.origin}{API}/users/me").text()


FETCH = """async ([address, options]) => {
    try { const answer = await fetch(address, options); return [answer.status, answer.headers.get("X-Request-Id")]; }
    catch (error) { return [error.name, null]; }
}"""


def fetched(page, theirs, host, address, **options):
    theirs.page = "<p>A page</p>"
    page.goto(f"http://{host}:{theirs.port}/")
    return page.evaluate(FETCH, [address, options])


def test_scripts_of_a_listed_origin_may_ask_with_a_token(page, ours, theirs):
    headers = {"Authorization": f"Bearer {ours.token}", "X-Request-Id": "asked-by-the-app"}
    me = f"{ours.origin}{API}/users/me"
    assert fetched(page, theirs, APP, me, headers=headers) == [200, "asked-by-the-app"]
    body = '{"name": "Purse", "type": "cash", "family_id": 1}'
    headers |= {"Content-Type": "application/json", "Idempotency-Key": "by-the-app"}
    assert (
        fetched(page, theirs, APP, f"{ours.origin}{API}/wallets", headers=headers, method="POST", body=body)[0] == 201
    )


def test_scripts_of_other_origins_read_nothing(inside, ours, theirs):
    me = f"{ours.origin}{API}/users/me"
    token = {"Authorization": f"Bearer {ours.token}"}
    for host in (THEIRS, OURS):
        assert fetched(inside, theirs, host, me) == ["TypeError", None]
        assert fetched(inside, theirs, host, me, headers=token) == ["TypeError", None]
        assert fetched(inside, theirs, host, me, credentials="include") == ["TypeError", None]
        assert fetched(inside, theirs, host, f"{ours.origin}/static/icon.svg") == ["TypeError", None]


def test_no_script_elsewhere_uses_the_cookie_a_listed_one_neither(inside, ours, theirs):
    me, before = f"{ours.origin}{API}/users/me", left_behind(ours)
    assert fetched(inside, theirs, APP, me, credentials="include") == ["TypeError", None]
    out = {"method": "POST", "credentials": "include", "mode": "no-cors", "body": "{}"}
    for host in (APP, THEIRS, OURS):
        for path in (f"{API}/auth/logout", "/logout", f"{API}/families"):
            fetched(inside, theirs, host, f"{ours.origin}{path}", **out)
    assert left_behind(ours) == before


@pytest.mark.parametrize("path", [*PAGES, *ERRORS, "/static/icon.svg"])
def test_nothing_of_ours_is_framed(inside, ours, theirs, path):
    refused = []
    inside.on("console", lambda message: refused.append(message.text))
    for host in (THEIRS, OURS):
        theirs.page = f'<iframe src="{ours.origin}{path}"></iframe>'
        inside.goto(f"http://{host}:{theirs.port}/")
        inside.wait_for_timeout(200)
        [frame] = inside.main_frame.child_frames
        assert not frame.url.startswith(ours.origin), frame.url
    assert len([text for text in refused if "frame" in text.lower()]) >= 2, refused


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "/\t/evil.test", "\t//evil.test",
        " //evil.test", "http://evil.test", "http:evil.test", "http:///evil.test", "//evil.test\\@ledger.test",
        "/%2F/evil.test/..//", "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "%2F%2Fevil.test",
        "//%65vil.test", "@evil.test",
    ],
)  # fmt: skip
def test_a_log_in_leads_nowhere_else(page, ours, wanted):
    page.goto(f"{ours.origin}/login?next={quote(wanted, safe='')}")
    shown = page.input_value("[name=next]")
    assert page.evaluate("path => new URL(path, document.baseURI).origin", shown) == ours.origin
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    ours.log_in(page, wanted)
    assert (page.url.startswith(f"{ours.origin}/"), dialogs) == (True, [])
    page.goto(f"{ours.origin}/admin/login/?next={quote(wanted, safe='')}")
    assert page.url.startswith(f"{ours.origin}/")


def test_a_cookie_is_kept_from_scripts_and_from_other_sites(inside, ours):
    kept = {cookie["name"]: cookie for cookie in inside.context.cookies()}
    assert set(kept) == {"session", "device", "csrf"}
    assert {(name, cookie["httpOnly"], cookie["sameSite"]) for name, cookie in kept.items()} == {
        ("session", True, "Lax"),
        ("device", True, "Lax"),
        ("csrf", False, "Lax"),  # the browsable API's own script sends it back
    }
    seen = inside.evaluate("document.cookie")
    assert not [name for name in ("session", "device") if kept[name]["value"] in seen]


NEEDLESS = ("cdn.redoc.ly", "inline event handler")  # a logo of ReDoc's, a probe of the browsable API's libraries
PLANT = """() => {
    const script = document.createElement("script");
    script.textContent = "window.planted = 'script'";
    document.body.append(script);
    document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=window.planted=1>");
    const far = document.createElement("script");
    far.src = "http://evil.test/x.js";
    document.body.append(far);
    const frame = document.createElement("iframe");
    frame.srcdoc = "<script>parent.planted = 'frame'</" + "script>";
    document.body.append(frame);
}"""


@pytest.mark.parametrize("path", PAGES)
def test_no_script_runs_that_is_not_a_file_of_ours(inside, ours, path):
    said = []
    inside.on("console", lambda message: said.append(message.text))
    inside.goto(f"{ours.origin}{path}", wait_until="networkidle")
    assert [text for text in refused(said) if not any(word in text for word in NEEDLESS)] == []
    before = len(refused(said))
    inside.evaluate(PLANT)
    inside.wait_for_timeout(300)
    assert inside.evaluate("window.planted === undefined")
    assert len(refused(said)) >= before + 4


def refused(said):
    return [text for text in said if "Content Security Policy" in text]


@pytest.mark.parametrize("path", [*PAGES, *ERRORS, *STATIC])
def test_every_answer_says_what_a_browser_may_do_with_it(ours, path):
    headers = ours.call("GET", path)[1]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "script-src 'unsafe-inline'" not in headers["Content-Security-Policy"]
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert (headers["Cache-Control"] == "no-store") == path.startswith(API)


def test_production_binds_its_cookies_to_this_host_and_to_tls(browser, migrated, tmp_path):
    with copied(migrated, tmp_path) as installation:
        certificate, key = certified(tmp_path)
        given = {name: secrets.token_urlsafe(48) for name in SETTINGS} | {"RATE_LIMITS": "on"}
        options = ("--certfile", certificate, "--keyfile", key)
        with site(installation, *options, scheme="https", APP_ENV="production", **given) as found:
            installation.run("-c", MAKE_ANN)
            context = browser.new_context(ignore_https_errors=True)
            page = context.new_page()
            found.log_in(page)
            assert page.url == f"{found.origin}/docs/problems"
            kept = {cookie["name"]: cookie for cookie in context.cookies()}
            sent = page.goto(f"{found.origin}/login").headers
            context.close()
    assert set(kept) == {"__Host-session", "__Host-device", "__Host-csrf"}
    for cookie in kept.values():
        assert (cookie["secure"], cookie["path"], cookie["domain"], cookie["sameSite"]) == (True, "/", OURS, "Lax")
    assert (kept["__Host-session"]["httpOnly"], kept["__Host-device"]["httpOnly"]) == (True, True)
    assert sent["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
