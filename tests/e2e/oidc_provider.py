"""An identity provider as a process of its own: Django OAuth Toolkit, served over TLS, with its discovery
document, key set, login page, authorization codes with PKCE and ID tokens.

    oidc_provider.py PORT DATABASE CERTIFICATE CERTIFICATE_KEY SECONDS KEY [INACTIVE_KEY…]

ID tokens hold for SECONDS and are signed by the first KEY, a private key in PEM; the public parts of
all are published. Two people have an account, with their names as passwords; two clients take
tokens."""

import os
import socketserver
import ssl
import sys
import wsgiref.simple_server

import django
from django.conf import settings

PORT, DATABASE, CERTIFICATE, CERTIFICATE_KEY, SECONDS, *KEYS = sys.argv[1:]
PEOPLE = ("alice", "mallory")
CLIENTS = ("kms", "shop")
CALLBACK = "https://client.example/callback"
LOGIN = '<form method="post">{% csrf_token %}{{ form }}</form>'


def texts(paths):
    for path in paths:
        with open(path) as file:
            yield file.read()


ACTIVE, *INACTIVE = texts(KEYS)
settings.configure(
    SECRET_KEY=os.urandom(32).hex(),
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        # Says how long an answer is: one that ends with its connection could have been cut.
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {
        "ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE,
    }},
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [
            ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN}),
        ]},
    }],
    # Tables as they are in the end, and not by way of all that they ever were.
    MIGRATION_MODULES={name: None for name in ("auth", "contenttypes", "sessions", "oauth2_provider")},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    LOGIN_URL="/login/",
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": ACTIVE,
        "OIDC_RSA_PRIVATE_KEYS_INACTIVE": INACTIVE,
        "ID_TOKEN_EXPIRE_SECONDS": int(SECONDS),
        "SCOPES": {"openid": "who somebody is"},
    },
)
django.setup()

from django.contrib.auth import get_user_model, views
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path
from oauth2_provider.models import get_application_model

urlpatterns = [
    path("login/", views.LoginView.as_view()),
    path("id/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


def fill():
    call_command("migrate", run_syncdb=True, verbosity=0)
    people, clients = get_user_model(), get_application_model()
    if people.objects.exists():
        return
    for name in PEOPLE:
        people.objects.create_user(name, password=name)
    for name in CLIENTS:
        clients.objects.create(
            client_id=name, client_type="public", authorization_grant_type="authorization-code",
            redirect_uris=CALLBACK, skip_authorization=True, algorithm="RS256",
        )


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


def serve():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
    server = Server(("127.0.0.1", int(PORT)), Handler)
    server.base_environ["HTTPS"] = "on"
    server.set_app(get_wsgi_application())
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print("serving", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    fill()
    serve()
