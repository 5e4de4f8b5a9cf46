"""The TLS settings of a connection to the cloud: who we are, whom we believe.

*Hardware*: none. *Wire*: TLS 1.2 or later, certificate chain and host name always checked; there is no switch to turn
that off. *Source*: MQTT contract, section 5 (the client certificate's common name is the cabinet's id).
*Quirks*: OpenSSL's errors name no file, so they are raised again with the configuration key and the path.

Knows files of certificates and keys; never a host, a topic or what is said.
"""

from __future__ import annotations

import ssl

from locker.config import Mqtt


def tls_context(mqtt: Mqtt) -> ssl.SSLContext | None:
    """The context for ``[mqtt]``, None where ``tls`` is false. Raises ``OSError`` that names the key and the file."""
    if not mqtt.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=mqtt.ca_file or None)
    except OSError as error:
        raise OSError(f"mqtt.ca_file {mqtt.ca_file}: {error}; give the PEM file of the broker's CA") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if mqtt.cert_file:
        _load_certificate(context, mqtt.cert_file, mqtt.key_file)
    return context


def _load_certificate(context: ssl.SSLContext, cert_file: str, key_file: str) -> None:
    try:
        context.load_cert_chain(cert_file, key_file or None)
    except OSError as error:
        files = f"mqtt.cert_file {cert_file}, mqtt.key_file {key_file}"
        raise OSError(f"{files}: {error}; give PEM files that belong together") from error
