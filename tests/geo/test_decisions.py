"""Reviews of hotspots and answers of agencies: by who may, with a reason, never changed, never automatic; opened again by new visits."""

from datetime import date

import pytest
import sqlalchemy as sa

from geo import db
from geo.accounts import add_account, set_disabled
from geo.agencies import read_agencies
from geo.audit import Actor, operator
from geo.coverage import Window
from geo.decisions import LONGEST, list_decisions, rectify, review_hotspot
from geo.errors import DatabaseError, TracingError
from geo.hotspots import read_hotspots
from geo.schema import GATE, LOADER, VIEWER
from geo.scope import ROLES, Scope

from .conftest import WINDOW

TWO = [{"arrived_at": "2021-12-07 09:00"}, {"case_code": "C2", "arrived_at": "2021-12-08 09:00"}]
WEEK = Window(date(2021, 12, 2), date(2021, 12, 8))


@pytest.fixture(scope="module")
def accounts(traced_province):
    """An account per role for the province, and one of health for Đức Thọ and one for Kỳ Anh; name -> Actor."""
    made = {}
    for name, role, unit in [*((role, role, "42") for role in ROLES), ("duc-tho", "health", "440"), ("ky-anh", "health", "449")]:
        add_account(operator(), name, role, [unit])
        made[name] = Actor(name, Scope(role, ((1, unit),)), "10.0.0.1")
    return made


@pytest.fixture
def states(seeing):
    """A function that gives the state, as shown, and whether it was reopened, of each hotspot."""

    def read():
        with seeing() as connection:
            rows = read_hotspots(connection, "42", WEEK).rows
        return {row["venue_code"]: (row["shown"], row["reopened"]) for _, row in rows.iterrows()}

    return read


def last_run():
    with db.engine().connect() as connection:
        return connection.scalar(sa.text("SELECT max(id) FROM load_run"))


def numbers(*codes):
    with db.engine().connect() as connection:
        return connection.scalars(sa.text("SELECT id FROM venue WHERE code = ANY (:codes)"), {"codes": list(codes)}).all()


def recorded():
    with db.engine().connect() as connection:
        query = "SELECT account, event, detail, address FROM audit WHERE event IN ('hotspot_review', 'rectification') ORDER BY id"
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_a_reviewer_confirms_and_closes_with_a_reason_and_all_of_it_stays(tell, states, accounts, seeing):
    tell(*TWO)
    assert states() == {"V1": ("proposed", False)}
    review_hotspot(accounts["health"], "V1", "confirmed", "  Hai ca cùng ca trực  ", last_run())
    assert states() == {"V1": ("confirmed", False)}
    review_hotspot(accounts["leader"], "V1", "closed", "Đã khử khuẩn, hết thời gian theo dõi", last_run())
    assert states() == {"V1": ("closed", False)}
    with seeing() as connection:
        told = list_decisions(connection, numbers("V1")[0])
    assert told[["of", "state", "said", "account"]].values.tolist() == [
        ["review", "closed", "Đã khử khuẩn, hết thời gian theo dõi", "leader"],
        ["review", "confirmed", "Hai ca cùng ca trực", "health"],
    ]


def test_a_closed_hotspot_opens_again_by_new_visits_only(tell, states, accounts):
    tell(*TWO, *(row | {"venue_code": "V11"} for row in TWO))
    review_hotspot(accounts["health"], "V1", "closed", "Đã xử lý", last_run())
    tell(*TWO, TWO[0] | {"venue_code": "V2"})
    assert states()["V1"] == ("closed", False), "the same visits again, and one elsewhere, are nothing new"
    tell({"case_code": "C3", "arrived_at": "2021-12-05 09:00"})
    assert states() == {"V1": ("proposed", True), "V11": ("proposed", False)}
    review_hotspot(accounts["health"], "V1", "closed", "Đã xử lý ca thứ ba", last_run())
    assert states()["V1"] == ("closed", False)
    tell(TWO[0] | {"left_at": "2021-12-07 11:00"})
    assert states()["V1"] == ("proposed", True), "a visit told otherwise is news, too"


def test_visits_told_while_the_reviewer_was_reading_are_new(tell, states, accounts):
    seen = tell(*TWO).run
    tell({"case_code": "C3", "arrived_at": "2021-12-05 09:00"})
    review_hotspot(accounts["health"], "V1", "closed", "Đã xử lý", seen)
    assert states()["V1"] == ("proposed", True)
    review_hotspot(accounts["health"], "V1", "closed", "Đã xử lý", 10**9)
    tell({"case_code": "C4", "arrived_at": "2021-12-05 10:00"})
    assert states()["V1"] == ("proposed", True), "nobody has seen loads to come"


def test_an_agency_answers_and_mends_and_is_opened_again_by_new_visits(tell, accounts, seeing):
    tell({"venue_code": "V21", "arrived_at": "2021-12-01 09:00"}, {"venue_code": "V22", "arrived_at": "2021-12-08 09:00"})

    def state():
        with seeing() as connection:
            return read_agencies(connection, "42", WINDOW)[["agency", "state", "note", "account"]].values.tolist()

    venues = numbers("V21", "V22")
    assert state() == [["Công ty Hoa Sen", "open", None, None]]
    rectify(accounts["health"], venues, "answered", "Sẽ bố trí người hướng dẫn quét", last_run())
    assert state() == [["Công ty Hoa Sen", "answered", "Sẽ bố trí người hướng dẫn quét", "health"]]
    rectify(accounts["leader"], venues[:1], "rectified", "Đã kiểm tra cửa hàng 1", last_run())
    assert state()[0][1] == "answered", "the other shop has not mended anything"
    rectify(accounts["leader"], venues, "rectified", "Đã kiểm tra", last_run())
    assert state()[0][1:] == ["rectified", "Đã kiểm tra", "leader"]
    with seeing() as connection:
        past = list_decisions(connection, *venues)
    assert past[["of", "state", "said", "account"]].values.tolist() == [
        ["answer", "rectified", "Đã kiểm tra", "leader"], ["answer", "rectified", "Đã kiểm tra cửa hàng 1", "leader"],
        ["answer", "answered", "Sẽ bố trí người hướng dẫn quét", "health"],
    ], "one row for an answer, of however many venues"  # fmt: skip
    tell({"venue_code": "V22", "arrived_at": "2021-12-09 09:00", "case_code": "C7"})
    assert state()[0][1] == "open"


@pytest.mark.parametrize("role", ROLES)
def test_only_health_and_leaders_decide_and_postgresql_asks_by_itself(tell, accounts, role):
    tell(*TWO)
    actor, forged = accounts[role], Actor(role, Scope("health", ((1, "42"),)), "10.0.0.9")
    if role in ("health", "leader"):
        review_hotspot(actor, "V1", "confirmed", "Đúng", last_run())
        rectify(actor, numbers("V1"), "answered", "Đã trả lời", last_run())
        return
    for decide in (lambda who: review_hotspot(who, "V1", "closed", "Đã xử lý", 1), lambda who: rectify(who, numbers("V1"), "open", "x", 1)):
        with pytest.raises(TracingError, match="decides on no hotspots"):
            decide(actor)
        with pytest.raises(DatabaseError, match="this account decides on no hotspots"):
            decide(forged)
    with db.engine().connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM hotspot_review")) == 0


def test_nobody_decides_out_of_scope_nor_part_of_an_agency_nor_after_being_disabled(tell, accounts):
    tell(*TWO, *(row | {"venue_code": "V11"} for row in TWO))
    for name, inside, outside in (("duc-tho", "V1", "V11"), ("ky-anh", "V11", "V1")):
        review_hotspot(accounts[name], inside, "confirmed", "Đúng", last_run())
        for venue in (outside, "V999", "'; --"):
            with pytest.raises(DatabaseError, match="no such venue"):
                review_hotspot(accounts[name], venue, "closed", "Đã xử lý", last_run())
        with pytest.raises(DatabaseError, match="not in its units"):
            rectify(accounts[name], numbers("V21", "V22"), "rectified", "Đã xử lý", last_run())
        forged = Actor(name, Scope("health", ((1, "42"),)), None)
        with pytest.raises(DatabaseError, match="no such venue"):
            review_hotspot(forged, outside, "closed", "Đã xử lý", last_run())
    set_disabled(operator(), "ky-anh")
    with pytest.raises(DatabaseError, match="decides on no hotspots"):
        review_hotspot(accounts["ky-anh"], "V11", "closed", "Đã xử lý", last_run())
    set_disabled(operator(), "ky-anh", disabled=False)
    with pytest.raises(DatabaseError, match="decides on no hotspots"):
        review_hotspot(Actor("nobody", Scope("health", ((1, "42"),))), "V1", "closed", "Đã xử lý", 1)


REASONS = {"": "needs a reason", " \n": "needs a reason", "x" * (LONGEST + 1): "needs a reason", "Gọi 0912 345 678": "no telephone",
           "CCCD 042 091 001 234": "no telephone"}  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_is_needed_and_holds_no_numbers_of_persons(tell, accounts, reason):
    tell(*TWO)
    for decide in (lambda: review_hotspot(accounts["health"], "V1", "closed", reason, 1),
                   lambda: rectify(accounts["health"], numbers("V1"), "answered", reason, 1)):  # fmt: skip
        with pytest.raises(TracingError, match=REASONS[reason]):
            decide()
    with pytest.raises(TracingError, match="proposed, confirmed or closed, not rectified"):
        review_hotspot(accounts["health"], "V1", "rectified", "Đúng", 1)


def test_decisions_are_on_record_without_telling_admins_where_cases_were(tell, accounts):
    tell(*TWO)
    before = len(recorded())
    review_hotspot(accounts["health"], "V1", "confirmed", "Có hai ca", last_run())
    rectify(accounts["leader"], numbers("V1"), "answered", "Có trả lời", last_run())
    reviewed, answered = recorded()[before:]
    assert (reviewed[:2], reviewed[3]) == (("health", "hotspot_review"), "10.0.0.1")
    assert (answered[:2], answered[3]) == (("leader", "rectification"), "10.0.0.1")
    for detail, state in ((reviewed[2], "confirmed"), (answered[2], "answered")):
        assert detail.split(": ")[1] == state and "V1" not in detail and "ca" not in detail


@pytest.mark.parametrize("table", ["hotspot_review", "rectification"])
def test_nobody_writes_or_changes_decisions_past_the_function(tell, accounts, table):
    tell(*TWO)
    review_hotspot(accounts["health"], "V1", "confirmed", "Đúng", last_run())
    rectify(accounts["health"], numbers("V1"), "answered", "Đúng", last_run())
    for role in (VIEWER, LOADER, GATE, None):
        for statement in (f"UPDATE {table} SET state = 'open'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with db.engine(role).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied|never changed"):
                connection.execute(sa.text(statement))
        if role:
            said = {"hotspot_review": "reason", "rectification": "note"}[table]
            added = f"INSERT INTO {table} (venue_id, state, {said}, account, seen_run) VALUES (1, 'closed', 'x', 'y', 1)"
            with db.engine(role).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                connection.execute(sa.text(added))
    for role in (VIEWER, LOADER):
        for call in ("review_hotspot('health', NULL, 'V1', 'closed', 'x', 1)", "rectify_venues('health', NULL, '{1}', 'open', 'x', 1)"):
            with db.engine(role).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                connection.execute(sa.text(f"SELECT {call}"))
    with db.engine(GATE).connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        connection.execute(sa.text(f"SELECT * FROM {table}"))


def test_decisions_are_read_by_who_sees_cases_in_scope_only(tell, accounts, health, seeing):
    tell(*TWO)
    review_hotspot(accounts["health"], "V1", "confirmed", "Đúng", last_run())
    read = sa.text("SELECT count(*) FROM hotspot_review")
    with seeing("449") as connection:
        assert connection.scalar(read) == 0
    with db.reading(health().scope) as connection:
        assert connection.scalar(read) == 0, "not outside of a transaction for cases"
    with seeing("440") as connection:
        assert connection.scalar(read) == 1
