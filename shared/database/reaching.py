"""Why a connection to PostgreSQL could not be made, in words."""

import ssl

from asyncpg import InvalidAuthorizationSpecificationError, PostgresError
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from shared.errors import EngineRefusedError, NotReadyError

UNREACHABLE = (SQLAlchemyError, PostgresError, OSError, TimeoutError)
"""What a connection that can't be made raises."""
_NO_TLS = "rejected SSL upgrade"
"""asyncpg's words for a server without TLS."""


def explain_unreachable(url: URL, error: Exception) -> NotReadyError:
    """What a failed connection means: the server is away, or one of both refuses the other."""
    where = f"{url.host}:{url.port or 5432}"
    match _unwrap(error):
        case ssl.SSLCertVerificationError(verify_message=reason):
            return EngineRefusedError(
                f"{where} 的证书不可信：{reason}。"
                f"The certificate of PostgreSQL at {where} is not trusted: {reason}.",
                "核对 CUIBAN_DATABASE_URL 的 sslrootcert，以及证书是否开给这一主机名。"
                "Check sslrootcert of CUIBAN_DATABASE_URL, and that it is made out to this host.",
            )
        case ssl.SSLError(reason=reason):
            return EngineRefusedError(
                f"与 {where} 的 TLS 没有建立：{reason}。"
                f"There is no TLS to PostgreSQL at {where}: {reason}.",
                "核对 CUIBAN_DATABASE_URL 的 sslcert 和 sslkey。"
                "Check sslcert and sslkey of CUIBAN_DATABASE_URL.",
            )
        case ConnectionError() as refused if _NO_TLS in str(refused):
            return EngineRefusedError(
                f"{where} 没有启用 TLS。PostgreSQL at {where} offers no TLS.",
                "在服务器上启用（ssl = on），或改 CUIBAN_DATABASE_URL 的 sslmode。"
                "Turn it on there (ssl = on), or change sslmode of CUIBAN_DATABASE_URL.",
            )
        case InvalidAuthorizationSpecificationError():
            return EngineRefusedError(
                f"{where} 拒绝用户 {url.username} 连接。"
                f"PostgreSQL at {where} refuses the login of {url.username}.",
                "核对用户名、密码、证书和服务器的 pg_hba.conf。"
                "Check the user name, the password, the certificate and pg_hba.conf there.",
            )
        case _:
            return NotReadyError(
                f"PostgreSQL at {where} does not answer.",
                "Start it, or point CUIBAN_DATABASE_URL at one that runs.",
            )


def _unwrap(error: Exception) -> BaseException:
    """The error of asyncpg, which SQLAlchemy wraps twice."""
    if isinstance(error, DBAPIError) and error.orig:
        return error.orig.__cause__ or error.orig
    return error
