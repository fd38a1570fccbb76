"""Every route of the console and the right it asks for. A new route needs a line here."""

from winback.console.rights import Right

OPEN = None

ROUTES: dict[str, Right | None] = {
    "GET /static/{name}": OPEN,
    "HEAD /static/{name}": OPEN,
    "GET /healthz": OPEN,
    "HEAD /healthz": OPEN,
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "GET /set-up": OPEN,
    "POST /set-up": OPEN,
    "POST /sign-out": Right.LOOK,
    "GET /": Right.LOOK,
    "GET /api/openapi.json": Right.LOOK,
    "GET /api/v1/overview": Right.LOOK,
    "GET /me": Right.LOOK,
    "POST /me": Right.LOOK,
    "POST /me/password": Right.LOOK,
    "POST /me/sign-ins/{number}/end": Right.LOOK,
    "GET /api/v1/me": Right.LOOK,
    "GET /people": Right.OPERATE,
    "POST /people": Right.OPERATE,
    "POST /people/role": Right.OPERATE,
    "POST /people/disable": Right.OPERATE,
    "POST /people/enable": Right.OPERATE,
    "POST /people/unlock": Right.OPERATE,
    "POST /people/password": Right.OPERATE,
    "POST /people/tokens": Right.OPERATE,
    "POST /people/tokens/{number}/revoke": Right.OPERATE,
    "GET /api/v1/users": Right.OPERATE,
    "GET /api/v1/tokens": Right.OPERATE,
    "GET /api/v1/audit": Right.OPERATE,
}
