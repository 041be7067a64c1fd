"""What networks send to us, each in its own dialect: the samples of postbacks.md 3.x, 3.18 and its list 6.7."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from tests.core.factories import terms
from tests.postback.dialects.setting import ANYWHERE, SECRET, posted, query, speaker, tried
from tracker.core.partner import Reward

FIXED = terms(reward=Reward(fixed=Decimal(300)))


class TestAwin:
    CLICKED_AT = datetime(2025, 6, 13, 12, tzinfo=UTC)
    PUSH = (
        '{"transactionId":"105956531","transactionDate":"2025-06-13 12:05:00","transactionCurrency":"RUB",'
        '"transactionAmount":"2609.00","commission":"1.64","clickRef":"{click_id}","clickTime":"2025-06-13 12:00:00",'
        '"merchantId":"3661"%s}'
    )
    LINES = (
        ',"products":[{"productName":"A","unitPrice":"1000.00","skuType":"","skuCode":"S1","quantity":"2","cgId":"a"},'
        '{"productName":"B","unitPrice":"609.00","skuType":"","skuCode":"S2","quantity":"1","cgId":"b"}]'
    )

    def form(self, more: str = "") -> str:
        field = quote(self.PUSH % more, safe="{}")
        return posted("awin", f"AwinTransactionPush={field}", "application/x-www-form-urlencoded")

    def test_the_push_is_json_in_a_form_field(self) -> None:
        printed = tried("awin", self.form(), clicked_at=self.CLICKED_AT)

        assert (printed["order_id"], printed["status"], printed["base"]) == ("105956531", "pending", "2609.00")
        assert (printed["cashback"], printed["reasons"], printed["flags"]) == (130, [], [])
        assert (printed["http_status"], printed["reply"]) == (200, "OK")

    def test_a_reader_of_plain_json_gets_nothing_of_it(self) -> None:
        field = quote(self.PUSH % "", safe="{}")

        printed = tried("awin", posted("awin", f"AwinTransactionPush={field}", "application/json"))

        assert (printed["http_status"], printed["reasons"]) == (400, ["unparseable"])

    def test_its_times_are_utc(self) -> None:
        later = self.CLICKED_AT.replace(hour=5)  # 7 hours before: outside the session

        assert tried("awin", self.form(), clicked_at=later)["reasons"] == ["session_ended"]

    def test_lines_that_make_up_the_sum_earn_by_their_tariffs(self) -> None:
        tariffs = (("a", Reward(rate=Decimal("0.10"))), ("b", Reward(rate=Decimal("0.01"))))
        partner = speaker("awin", terms=terms(reward=None, tariffs=tariffs))

        printed = tried(partner, self.form(self.LINES), clicked_at=self.CLICKED_AT)

        assert (printed["base"], printed["cashback"]) == ("2609.00", 206)

    def test_lines_that_do_not_are_left_out(self) -> None:
        more = self.LINES.replace('"quantity":"2"', '"quantity":"1"')

        printed = tried("awin", self.form(more), clicked_at=self.CLICKED_AT)

        assert (printed["base"], printed["cashback"]) == ("2609.00", 130)

    def test_a_push_that_comes_twice_changes_nothing(self) -> None:
        sent = self.form()

        assert "duplicate" in tried("awin", sent, sent, clicked_at=self.CLICKED_AT)["reasons"]


class TestImpact:
    SAMPLE = (
        '{"campaign_id":"10306","action_id":"1000.4636.158133","status":"%s","payout":"0.00","sub":"{click_id}",'
        '"items":[{"sku":"APP-0016","qty":"1","amt":"719.10"}]}'
    )

    def test_the_sample_takes_an_approved_order_back(self) -> None:
        approved, reversed_ = (posted("impact", self.SAMPLE % status) for status in ("APPROVED", "REVERSED"))

        before, after = tried("impact", approved), tried("impact", approved, reversed_)

        assert (before["order_id"], before["status"]) == ("1000.4636.158133", "approved")
        assert (before["base"], before["cashback"]) == ("719.10", 36)
        assert (after["status"], after["cashback"], after["http_status"]) == ("declined", 0, 200)

    def test_a_modified_basket_replaces_the_one_before(self) -> None:
        whole = self.SAMPLE.replace("]}", ',{"sku":"APP-0017","qty":"2","amt":"280.90"}]}')
        first = posted("impact", whole % "PENDING")
        second = posted("impact", self.SAMPLE % "PENDING")

        assert (tried("impact", first)["base"], tried("impact", first, second)["base"]) == ("1000.00", "719.10")

    @pytest.mark.parametrize(("detail", "settled"), [("PAID", True), ("OVERDUE", False), ("", False)])
    def test_paid_settles(self, detail: str, settled: bool) -> None:
        sent = query(action_id="1", oid="778", sub="{click_id}", status="APPROVED", status_detail=detail, amount="1000")

        printed = tried("impact", sent)
        by_order = tried(speaker("impact", mapping=(("order_id", ("oid",)),)), sent)

        assert (printed["settled"], printed["cashback"]) == (settled, 50)
        assert (printed["order_id"], by_order["order_id"]) == ("1", "778")

    def test_order_times_have_an_offset(self) -> None:
        sent = query(action_id="1", sub="{click_id}", amount="1000", event_date="2019-03-01T22:30:00+03:00")

        assert tried("impact", sent)["reasons"] == ["session_ended"]


class TestRakuten:
    def row(self, number: int, amount: str, sku: str = "S1", **more: str) -> str:
        said = {"is_event": "Y", "etransaction_id": f"E{number}", "order_id": "778", "sku_number": sku}
        said |= {"sale_amount": amount, "u1": "{click_id}", "transaction_date": "2019-03-01 12:10:00"} | more
        return f"/pb/rakuten/{SECRET}?{query(**said)}"

    def test_a_record_is_a_line(self) -> None:
        printed = tried("rakuten", self.row(1, "10.00"), self.row(2, "990.00", "S2"))

        assert (printed["order_id"], printed["base"], printed["cashback"]) == ("778", "1000.00", 50)
        assert (printed["status"], printed["flags"], printed["reply"]) == ("pending", [], "OK")

    def test_a_negative_record_takes_away_in_whatever_order(self) -> None:
        rows = [self.row(1, "1000.00"), self.row(2, "-400.00"), self.row(3, "500.00", "S2")]

        bases = {tried("rakuten", *order)["base"] for order in (rows, rows[::-1], [rows[1], rows[2], rows[0]])}

        assert {Decimal(base) for base in bases} == {Decimal(1100)}

    def test_everything_taken_back_earns_nothing(self) -> None:
        printed = tried("rakuten", self.row(1, "1000.00"), self.row(2, "-1000.00"))

        assert (printed["base"], printed["cashback"]) == ("0.00", 0)

    def test_a_record_that_comes_twice_is_counted_once(self) -> None:
        printed = tried("rakuten", self.row(1, "1000.00"), self.row(2, "-400.00"), self.row(2, "-400.00"))

        assert (printed["base"], "duplicate" in printed["reasons"]) == ("600.00", True)

    def test_a_record_without_its_own_id_is_refused(self) -> None:
        sent = self.row(1, "10.00").replace("etransaction_id=E1", "etransaction_id=")

        assert tried("rakuten", sent)["reasons"] == ["order_missing"]


class TestEverflow:
    @pytest.mark.parametrize("amount", ["12,34", "12.34"])
    def test_a_comma_is_decimal(self, amount: str) -> None:
        address = f"/pb/everflow-sender/{SECRET}"
        shop = f"{address}/?nid=123&transaction_id={{click_id}}&amount={amount}&order_id=ORD-77&adv1=msk"
        network = query(sub1="{click_id}", order_id="ORD-77", amount=amount)

        assert tried("everflow-sender", shop)["base"] == tried("everflow", network)["base"] == "12.34"

    def test_its_own_click_is_not_ours(self) -> None:
        sent = query(transaction_id="{click_id}", order_id="ORD-77", amount="1000", status="approved")

        assert tried("everflow", sent)["reasons"] == ["unknown_click"]


class TestAffise:
    def sent(self, status: str) -> str:
        said = {"sub1": "{click_id}", "transactionid": "ORD-77", "order_sum": "2490", "sum": "120"}
        return query(**said, status=status)

    def test_two_waits_here_and_declines_elsewhere(self) -> None:
        printed = tried("affise", self.sent("2"))
        elsewhere = query(click_id="{click_id}", transaction_id="ORD-77", sumConfirm="2490", status="2")

        assert (printed["status"], printed["cashback"]) == ("pending", 125)
        assert tried("leads-tech", elsewhere)["status"] == "declined"

    def test_its_sum_is_our_commission(self) -> None:
        printed = tried("affise", query(sub1="{click_id}", transactionid="ORD-77", sum="120", status="1"))

        assert (printed["status"], printed["cashback"]) == ("pending", 0)
        assert "amount_missing" in printed["flags"]


class TestAlibaba:
    SAMPLE = (
        f"/pb/alibaba/{SECRET}?click={{click_id}}&order=5001&platform=%s&geo=RU&amount=31.20&sku=1005001&est_com=1.56"
    )

    @pytest.mark.parametrize(
        ("platform", "reasons"), [("pc", []), ("wap", ["partner_mobile_version"]), ("app", ["partner_app"])]
    )
    def test_the_sample_says_where_the_order_was_made(self, platform: str, reasons: list[str]) -> None:
        here = tried("alibaba", self.SAMPLE % platform)
        anywhere = tried(speaker("alibaba", terms=ANYWHERE), self.SAMPLE % platform)

        assert (here["reasons"], anywhere["reasons"]) == (reasons, [])
        assert (anywhere["base"], anywhere["cashback"], anywhere["status"]) == ("31.20", 2, "pending")

    def test_in_a_currency_without_a_rate_it_is_held(self) -> None:
        printed = tried(speaker("alibaba", currencies=frozenset({"USD"})), self.SAMPLE % "pc")

        assert printed["cashback"] == 0
        assert "rate_missing" in printed["flags"]


class TestMitgo:
    # Composed in postbacks.md with a word, "approved", that Affilead's own page does not have.
    SAMPLE = (
        f"/pb/affilead/{SECRET}?offer_id=5&order_id=ORD-77&status=%s&subid1={{click_id}}&amount=120.50&currency=RUB"
        "&click_time=1551441600&action_time=1551445200&erid=2Vtzq&uuid=0b1c&rate_id=3"
    )

    @pytest.mark.parametrize(
        ("status", "stands"),
        [("open", "pending"), ("confirmed", "approved"), ("declined", "declined"), ("approved", "pending")],
    )
    def test_affilead_by_get(self, status: str, stands: str) -> None:
        printed = tried(speaker("affilead", terms=FIXED), self.SAMPLE % status)

        assert (printed["order_id"], printed["status"]) == ("ORD-77", stands)
        assert printed["cashback"] == (0 if stands == "declined" else 300)

    def test_affilead_by_post(self) -> None:
        body = (self.SAMPLE % "confirmed").partition("?")[2]

        printed = tried(speaker("affilead", terms=FIXED), posted("affilead", body, "application/x-www-form-urlencoded"))

        assert (printed["status"], printed["cashback"], printed["reply"]) == ("approved", 300, "OK")

    def takeads(self, sent: str, body: str = '{"status":"X","amount":"7","subId":"other"}') -> dict[str, Any]:
        partner = speaker("takeads", statuses=(("CONFIRMED", "approved"),))
        return tried(partner, posted("takeads", body, sent=sent))

    def test_takeads_body_does_not_disturb_the_query(self) -> None:
        sent = query(our_click_id="{click_id}", our_order_id="ORD-77", our_status="CONFIRMED", our_amount="1000")

        printed = self.takeads(sent)

        assert (printed["status"], printed["base"], printed["cashback"]) == ("approved", "1000", 50)

    @pytest.mark.parametrize(
        ("sent", "body", "code"),
        [
            ("our_order_id=", '{"status":"X"}', "order_missing"),
            ("our_order_id=ORD-77&our_click_id={click_id}&our_amount=much", "{}", "amount_bad"),
            ("our_order_id=ORD-77", "{not json", "unparseable"),
            ("", "{}", "empty"),
        ],
    )
    def test_takeads_never_sees_a_4xx(self, sent: str, body: str, code: str) -> None:
        printed = self.takeads(sent, body)

        assert (printed["http_status"], printed["reasons"]) == (200, [code])


class TestKeitaro:
    def test_our_click_is_its_external_id(self) -> None:
        sent = query(
            external_id="{click_id}", subid="51ts6sgr1cbkdhljnrv", tid="ORD-77", status="sale", revenue="120.50"
        )

        printed = tried("keitaro", sent)
        mapped = tried(speaker("keitaro", mapping=(("amount", ("revenue",)),)), sent)

        assert (printed["order_id"], printed["status"]) == ("ORD-77", "pending")
        assert "amount_missing" in printed["flags"]
        assert (mapped["status"], mapped["base"], mapped["cashback"]) == ("approved", "120.50", 6)
