"""The words of keys that announce a secret, and of those that only seem to."""

from __future__ import annotations

from typing import Final


def split_word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def _split_pairs(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(pair.split()) for pair in text.split(","))


WORDS: Final = split_word_set(
    """
    password passwords passwd passwrd pswd pwd pgpassword sshpass passphrase passcode userpass dbpass
    secret secrets token jwt bearer authorization cookie cookies credential credentials
    apikey accesskey privatekey secretkey signingkey encryptionkey masterkey clientsecret
    authtoken accesstoken refreshtoken idtoken sessiontoken apitoken sessionid sessid phpsessid jsessionid csrf xsrf
    csrftoken csrfmiddlewaretoken otp totp cvv cvc cvv2 cvc2 ssn pin iban cardnumber ccnumber mnemonic
    passwort kennwort senha contrasena contraseña wachtwoord lösenord hasło пароль 密码 パスワード 비밀번호
    """
)
"""Whatever is under one of these is secret."""

PAIRS: Final = _split_pairs(
    "api key,access key,private key,signing key,encryption key,ssh key,auth key,session key,session id,master key,"
    "account key,storage key,shared key,service key,deploy key,subscription key,license key,licence key,consumer key,"
    "app key,application key,client key,secret key,server key,webhook key,admin key,host key,pass word,pass phrase,"
    "pass code,pass key,card number,cc number,security code,verification code,recovery code,recovery codes,backup code,"
    "backup codes,auth code,authorization code,mfa code,access code,login code,connection string,conn string,conn str,"
    "seed phrase,recovery phrase,security answer,secret answer,social security,identified by"
)
"""As `WORDS`, for two words in a row."""

TEXTS: Final = split_word_set("auth authentication dsn pw psw creds cred psk")
"""Texts under keys that end in one of these are secret, unless they are mere states."""

CREDENTIALS: Final = split_word_set("session sid signature sig hmac")
"""What looks like a credential under keys that end in one of these is secret."""

CARDS: Final = _split_pairs(
    "credit card,debit card,payment card,card no,card num,cc num,creditcard,debitcard,ccnum,cc,pan"
)
"""Card numbers under keys that end in one of these are secret; `"credit_card"` itself may be the kind of a payment."""

OWNERS: Final = split_word_set(
    "db user admin root smtp mysql pg postgres ftp my login account mail email redis database proxy http basic app system "
    "imap ldap mongo rabbitmq ssh sudo wifi master bind keystore truststore api server auth old new current"
)
"""What may stand before `pass` in the name of a password; a boarding pass is none."""

AFTER: Final = split_word_set(
    "count counts limit limits usage used budget type kind length len size max min num total average expires expiry "
    "expiration expired expire ttl lifetime name names policy policies required enabled disabled url uri endpoint hint "
    "strength status state valid invalid verified changed updated created at on date time present exists set last field "
    "format version method provider scheme mode issuer audience scope scopes rotation age manager file path dir env arn "
    "tries attempts retries error errors message match matches mismatch consent banner preferences protected per price cost "
    "budget page pages rate index position"
)
"""Words that make a key speak about a secret: `token_count`, `password_policy`."""

BEFORE: Final = split_word_set(
    "next prev previous page max min num total continuation pagination sync is has no forgot forgotten per special eos bos "
    "pad unk needs requires invalid"
)
"""Words that make it something else: `next_page_token`."""

STATES: Final = split_word_set(
    "none null nil true false undefined unknown yes no ok n/a na string str text required optional missing invalid valid "
    "expired incorrect wrong empty set unset must is not was has cannot should too the a an for to field and or does "
    "failed failure success succeeded accepted rejected denied refused changed updated reset disabled enabled "
    "basic bearer digest token password oauth oauth2 jwt apikey api_key ntlm kerberos saml sso anonymous public private "
    "economy business first all any pass fail passed here it its this that your you we they there then when after before if "
    "please see only also now new needed provided given found redacted hidden masked omitted "
    "object array number integer boolean error mismatch authenticated unauthenticated"
)
"""What stands where a secret would be and is none."""

SCHEMES: Final = split_word_set(
    "bearer basic token apikey api-key bot key jwt negotiate ntlm splunk genie-key sso-key ssws"
)
"""Words before the credential in an `Authorization` header."""
