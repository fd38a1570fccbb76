"""The file of accounts and contacts: read whole, judged row by row."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.usage.importing import Write
from winback.errors import InputError
from winback.usage import person_fields
from winback.usage.people import AccountRecord, ConsentRecord, ContactRecord, People, read_people

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = (
    "account,account_name,plan,value_per_month,owner_name,owner_email,zone,region,tags,"
    "contact,contact_name,email,language,contact_zone,channels,consent,consent_source,consent_date,role,left\n"
)
FULL = (
    "acme,Acme Ltd,pro,1200.50,Uma Rao,uma@us.example,Asia/Kolkata,in-ka,vip; beta,"
    "c1,Ravi Shah,ravi@acme.example,hi,Asia/Kolkata,email;sms,granted,web form,2026-01-05,admin,no\n"
)


def read(path: Path) -> People:
    return read_people(path, path.parent / "bad", at=NOW)


def one_row(write: Write, **cells: str) -> People:
    """A good row, and one more with these cells."""
    names = ["account", "contact", *(name for name in cells if name not in ("account", "contact"))]
    row = {"account": "acme", "contact": "c1", **cells}
    values = ",".join('"' + row[name].replace('"', '""') + '"' for name in names)
    return read(write(f"{','.join(names)}\nok,ok{',' * (len(names) - 2)}\n{values}\n"))


def test_full_row(write: Write) -> None:
    """Every column comes out in its place and type."""
    people = read(write(HEADER + FULL))
    assert people.accounts == (
        AccountRecord(
            "acme",
            "Acme Ltd",
            "pro",
            1200.5,
            "Uma Rao",
            "uma@us.example",
            "Asia/Kolkata",
            ("vip", "beta"),
            "IN-KA",
        ),
    )
    told = ("retention", "granted", "web form", date(2026, 1, 5))
    consents = (ConsentRecord("email", *told), ConsentRecord("sms", *told))
    assert people.contacts == (
        ContactRecord(
            "c1", "acme", "Ravi Shah", "ravi@acme.example", "hi", "Asia/Kolkata", consents, False, "admin"
        ),
    )
    assert people.bad.count == 0


def test_silence_is_not_consent(write: Write) -> None:
    """Where nothing is said, consent is unknown, the language en, and the account's name its key."""
    people = read(write("account,contact,email\nacme,c1,a@b.example\n"))
    assert people.contacts[0].consents == (ConsentRecord("email", "retention", "unknown", None, None),)
    assert (people.contacts[0].language, people.accounts[0].name) == ("en", "acme")


BAD = [
    ({"account": ""}, "account", "is missing"),
    ({"account": "x" * 201}, "account", "longer"),
    ({"contact": "a\x00b"}, "contact", "control characters"),
    ({"account_name": "x" * 201}, "account_name", "longer"),
    ({"value_per_month": "-1"}, "value_per_month", "not between"),
    ({"value_per_month": "1,200"}, "value_per_month", "not an amount"),
    ({"value_per_month": "nan"}, "value_per_month", "not an amount"),
    ({"value_per_month": "1e12"}, "value_per_month", "not between"),
    ({"owner_email": "nobody"}, "owner_email", "not one e-mail address"),
    ({"email": "a@b.example\r\nBcc: x@y.example"}, "email", "not one e-mail address"),
    ({"email": "a@b.example,c@d.example"}, "email", "not one e-mail address"),
    ({"email": "a@b@c.example"}, "email", "not one e-mail address"),
    ({"email": "Ravi <a@b.example>"}, "email", "not one e-mail address"),
    ({"email": "a@" + "b" * 60 + ".example" * 30}, "email", "longer"),
    ({"email": "a\u202e@b.example"}, "email", "not one e-mail address"),
    ({"zone": "Asia/Kolkatta"}, "zone", "did you mean 'Asia/Kolkata'?"),
    ({"zone": "../../etc/passwd"}, "zone", "not an IANA time zone"),
    ({"region": "Germany"}, "region", "not a region such as IN or DE-BY"),
    ({"region": "XX"}, "region", "not a region"),
    ({"region": "EU"}, "region", "not a region"),
    ({"region": "UK"}, "region", "write GB"),
    ({"region": "DE-"}, "region", "not a region"),
    ({"region": "DE-BAVARIA"}, "region", "not a region"),
    ({"language": "english language"}, "language", "not a language tag"),
    ({"channels": "e mail"}, "channels", "not a list of channels"),
    ({"consent": "maybe"}, "consent", "granted, refused, unknown"),
    ({"consent_date": "2026-02-30"}, "consent_date", "not a date"),
    ({"consent_date": "2027-01-01"}, "consent_date", "in the future"),
    ({"left": "perhaps"}, "left", "neither yes nor no"),
    ({"contact": "", "email": "a@b.example"}, "contact", "is missing"),
]


@pytest.mark.parametrize(("cells", "column", "reason"), BAD)
def test_bad_row_goes_aside(cells: dict[str, str], column: str, reason: str, write: Write) -> None:
    """A row with a bad value is refused whole, with its line, its column and the reason."""
    people = one_row(write, **cells)
    ((told, times),) = people.bad.reasons.items()
    assert told.startswith(f"{column}: ")
    assert reason in told
    assert (times, [one.key for one in people.accounts]) == (1, ["ok"])
    assert people.bad.side_file is not None
    assert people.bad.side_file.read_text().splitlines()[1].startswith(f"3,{column},")


def test_account_said_twice(write: Write) -> None:
    """Rows may repeat or add to what is said of the account; one that contradicts is refused."""
    people = read(
        write(
            "account,plan,zone,contact\nacme,pro,,c1\nacme,,Asia/Kolkata,c2\nacme,pro,Asia/Kolkata,c3\nacme,basic,,c4\n"
        )
    )
    assert people.accounts == (AccountRecord("acme", "acme", "pro", zone="Asia/Kolkata"),)
    assert [one.key for one in people.contacts] == ["c1", "c2", "c3"]
    assert people.bad.reasons == {"plan: is not what line 2 says of this account": 1}


def test_contact_twice(write: Write) -> None:
    """A contact stands once in its account; the same key in another account is another person."""
    people = read(write("account,contact,email\na,c,x@y.example\na,c,z@y.example\nb,c,x@y.example\n"))
    assert [(one.account, one.email) for one in people.contacts] == [("a", "x@y.example"), ("b", "x@y.example")]
    assert people.bad.reasons == {"contact: stands on line 2 already": 1}


def test_names_are_cleaned(write: Write) -> None:
    """Control characters and direction marks leave a name; the joiners of Indian scripts stay."""
    people = one_row(write, contact_name="Ra\u202evi\x07\n  Shah", account_name="क्\u200dष")
    assert (people.contacts[1].name, people.accounts[1].name) == ("Ra vi Shah", "क्\u200dष")


def test_unknown_columns_are_told(write: Write) -> None:
    """Columns that mean nothing here are named, not dropped in silence."""
    assert read(write("account,contact,shoe_size\na,c,44\n")).ignored == ("shoe_size",)


def test_parquet(tmp_path: Path) -> None:
    """A Parquet file with types of its own, lists and booleans too, reads as the CSV would."""
    path = tmp_path / "people.parquet"
    duckdb.connect().execute(
        "COPY (SELECT 7 AS account, 'Acme' AS account_name, 99.5 AS value_per_month, ['vip', 'new'] AS tags,"
        f" 'c' AS contact, true AS left, DATE '2026-01-01' AS consent_date, NULL::VARCHAR AS zone) TO '{path}'"
    )
    people = read(path)
    assert people.accounts == (AccountRecord("7", "Acme", None, 99.5, tags=("vip", "new")),)
    assert (people.contacts[0].left, people.contacts[0].consents[0].at) == (True, date(2026, 1, 1))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("acount,contact\na,c\n", "did you mean 'acount'"),
        ("account,shoe_size\na,44\n", "'contact' is missing"),
        ("account,contact\n", "no rows"),
        ("account,contact\n,c\n", "not one of its 1 rows"),
        ("account,contact,Contact \na,c,c\n", None),
    ],
)
def test_unusable_files(content: str, words: str | None, write: Write) -> None:
    """A file that is not about people is answered in one line; an exact name wins over a similar one."""
    if words is None:
        assert read(write(content)).contacts[0].key == "c"
        return
    with pytest.raises(InputError) as caught:
        read(write(content))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40))
def test_no_address_breaks_a_header(text: str) -> None:
    """Whatever is accepted as an address is one line with one @ and no separators of addresses."""
    for candidate in (text, f"{text}@b.example", f"a@{text}"):
        try:
            address = person_fields.email(candidate)
        except person_fields.BadValueError:
            continue
        if address is not None:
            assert address.count("@") == 1
            assert len(address.splitlines()) == 1
            assert not set(address) & set(' ,;<>"\r\n\t\\')
            assert address.isprintable()


@given(st.text(max_size=60))
def test_a_name_shows_nothing_hidden(text: str) -> None:
    """Whatever is accepted as a name stands on one line, and reading it again changes nothing."""
    try:
        name = person_fields.name(text)
    except person_fields.BadValueError:
        return
    if name is not None:
        assert len(name.splitlines()) == 1
        assert not person_fields.HIDDEN.search(name)
        assert person_fields.name(name) == name
