"""Every secret here is made up; keys are put together only when the tests run, so that no scanner reports them."""

import pytest

from metahuman.memory.curation.secrets import secrets_in

KEY = "Zf3D0LXCM3" + "EIMbgJpUNnkRtOfOueHznB"
UUID = "5eb4223e-5008-46e5" + "-be67-c7b8f2732305"


def said(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in secrets_in(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my password is hunter2", "hunter2"),
        ("My password is swordfish.", "swordfish"),
        ("The wifi password is Sunshine42, help yourself", "Sunshine42"),
        ("wifi: password -> kitten_parade9", "kitten_parade9"),
        ("password for the router is 'blue horse'", ""),
        ("mein Passwort ist Apfelbaum99", "Apfelbaum99"),
        ("mi contraseña es Gato2020!", "Gato2020"),
        ("DB_PASSWORD=S3cur3P@ss", "S3cur3P@ss"),
        ('password = "hunter2!"', "hunter2!"),
        ("Server=db;User Id=sa;Password=Kx9!mmq2;", "Kx9!mmq2"),
    ],
)
def test_passwords_told(text: str, value: str) -> None:
    assert said(text) == ([("password", value)] if value else [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("My PIN is 4821, tell nobody", "4821"),
        ("the door code is 1984#", "1984"),
        ("gate code: 7731", "7731"),
        ("CVV 123", "123"),
        ("The code to my bike lock is 5521.", "5521"),
    ],
)
def test_pins_told(text: str, value: str) -> None:
    assert said(text) == [("PIN", value)]


def test_a_recovery_phrase() -> None:
    phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    assert said(f"My seed phrase: {phrase}") == [("recovery phrase", phrase)]
    assert said(f"They said: {phrase}") == []


@pytest.mark.parametrize(
    "text",
    [
        f'client_secret: "{KEY}"',
        f"genericToken := `{KEY}`",
        f'System.setProperty("API_TOKEN", "{KEY}")',
        f"<apiKey>{KEY}</apiKey>",
        f"curl --header 'Authorization:  {UUID}'",
        f'curl -H "Authorization: Bearer {KEY}"',
        f'-H "X-Octopus-ApiKey: {UUID}"',
        f"//registry.npmjs.org/:_authToken={UUID}",
        "curl -u elastic:P@ssw0rd$1 https://localhost:9200",
        'curl -u "d2LkV78zLx!t:" https://localhost:9200',
        "curl --user kevin:'pRf7vG2h1L8nQkW9' -iX PATCH",
        "postgres://ana:Tr0ub4dor@db.internal:5432/shop",
        "apiVersion: v1\nkind: Secret\ndata:\n  password: UyFCXCpkJHpEc2I9\n",
        "AKC" + "x" * 10,
        "a2937653ed38c31a43ea46e2b1" + "9257db-us2",
    ],
)
def test_secrets_by_name_and_place(text: str) -> None:
    assert len(secrets_in(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Set your API key with export OPENAI_API_KEY=your-api-key-here first.",
        "The password must be at least 12 characters long and contain a digit.",
        "My password is expired again.",
        "My password is weak, I know.",
        "I forgot my password, it was too long.",
        "The secret is patience.",
        "The token limit is 4096 tokens per request; max_tokens=2048.",
        "password: string, required. The password of the user.",
        "token (str): The authentication token to use.",
        "The zip code is 90210, the status code is 200.",
        'api_key = os.getenv("OPENAI_API_KEY")',
        "curl -u username:password https://example.org",
        'curl -u "${USER}:${PASSWORD}" https://example.org',
        'curl -H "Authorization: Bearer $TOKEN"',
        "postgres://user:${DB_PASSWORD}@localhost:5432/mydb",
        "public_key = '9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit'",
        f"credentialsId: '{UUID}'",
        "apiVersion: v1\nkind: Secret\ndata:\n  password: {{ .Values.password }}\n",
        "The login was slow today, and our wifi is terrible.",
        "",
    ],
)
def test_talk_about_secrets_is_none(text: str) -> None:
    assert said(text) == []
