"""Records in, records with metadata out: what is asked again, given up, skipped and kept."""

import json
import threading
import time
from pathlib import Path

import pytest

from clamp3_models.metadata.conversation import LANGUAGES, Plan
from clamp3_models.metadata.endpoint import Endpoint
from clamp3_models.metadata.generation import generate, moved
from clamp3_models.metadata.journal import Journal
from clamp3_models.metadata.material import Material, read_material
from clamp3_models.training.records import read_records
from clamp3_plugin.errors import NoModelError, UsageError
from tests.models.metadata.chat import GOOD, Chat, Say, record, translated

IN_FRENCH = {"translate_to": ("fr",), "backoff_s": 0.001}


@pytest.fixture
def make(tmp_path):
    """Run over some records; gives the outcomes by id and the records written."""

    def make(chat, *records, timeout_s=5.0, concurrency=1, **plan):
        source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
        source.write_text("".join(json.dumps(one) + "\n" for one in records))
        endpoint = Endpoint(chat.url, "small", timeout_s=timeout_s)
        with Journal(target) as journal:
            outcomes = list(
                generate(
                    read_material(source),
                    journal,
                    endpoint,
                    Plan(**{**IN_FRENCH, **plan}),
                    concurrency=concurrency,
                )
            )
        return outcomes, [one.fields for one in read_records([target])]

    return make


def complaint(chat):
    return chat.requests[-1]["messages"][-1]["content"]


def test_a_record_gets_the_fields_of_the_paper(make):
    with Chat() as chat:
        ((outcome,), (written,)) = make(chat, record())

    assert outcome.status == "written"
    assert (outcome.requests, outcome.prompt_tokens, outcome.completion_tokens) == (1, 100, 20)
    assert {name: written[name] for name in GOOD} == GOOD
    assert (written["id"], written["title"], written["artists"]) == ("tune", "The Jig", ["Anon."])
    assert "retrieved" not in written


def test_the_records_are_training_records_with_their_music(make, tmp_path):
    abc = "X:1\nL:1/8\nM:6/8\nK:G\nV:1\nGAB cde|\n"
    with Chat() as chat:
        make(chat, record(abc=abc, family="jigs", src="clare"))

    (read,) = read_records([tmp_path / "out.jsonl"])

    assert (read.id, read.family, read.source) == ("tune", "jigs", "clare")
    assert len(read.contents()) == 1


def test_what_was_not_found_leaves_what_the_record_had(make):
    texts = dict.fromkeys(("background", "analysis", "description", "scene"), "")
    empty: dict[str, object] = {
        "region": "",
        "language": "",
        "genres": [],
        "tags": ["fiddle"],
        **texts,
    }
    empty["translations"] = {"language": "fr", **texts}
    had = record(region="IE", genres=["folk"], tags=["old"], background="From Clare.")
    with Chat([Say(empty)]) as chat:
        _, (written,) = make(
            chat, {**had, "language": "Irish", "text_origin": {"background": "us"}}
        )

    assert (written["region"], written["genres"], written["tags"]) == ("IE", ["folk"], ["fiddle"])
    assert written["background"] == "From Clare."
    assert written["language"] == ""
    assert set(written["text_origin"]) == {"background", "tags"}
    assert "small" in written["text_origin"]["tags"]


def test_an_answer_with_a_fault_is_asked_for_again_by_that_fault(make):
    wrong = {**GOOD, "region": "Ireland"}
    with Chat([Say(wrong)]) as chat:
        ((outcome,), (written,)) = make(chat, record())

    assert written["region"] == "IE"
    assert outcome.requests == 2
    assert outcome.message == ""
    assert "region: 'Ireland' is no code of ISO 3166-1" in complaint(chat)
    assert json.loads(chat.requests[1]["messages"][-2]["content"]) == wrong


@pytest.mark.parametrize(
    ("say", "named"),
    [
        (Say("Sorry."), "holds no JSON object"),
        (Say(json.dumps(GOOD)[:-9]), "no valid JSON"),
        (Say(GOOD, finish="length"), "cut off"),
        (Say({**GOOD, "background": "In 1707."}), "1707 stands nowhere"),
    ],
    ids=["words", "truncated", "stopped", "invented"],
)
def test_each_kind_of_bad_answer_is_named(make, say, named):
    with Chat([say]) as chat:
        _, written = make(chat, record())

    assert len(written) == 1
    assert named in complaint(chat)


def test_only_the_last_answer_is_sent_back(make):
    with Chat([Say("one"), Say("two")]) as chat:
        make(chat, record())

    assert [message["role"] for message in chat.requests[2]["messages"]] == [
        *("system", "user"),
        *("assistant", "user"),
    ]
    assert chat.requests[2]["messages"][2]["content"] == "two"


@pytest.mark.parametrize(
    "say",
    [
        Say(status=429, headers={"Retry-After": "0"}, body=""),
        Say(status=500, body="oops"),
        Say(cut_after=30),
        Say(wait_s=1),
    ],
    ids=["429", "500", "cut", "hangs"],
)
def test_trouble_passes(make, say):
    with Chat([say, say]) as chat:
        ((outcome,), (written,)) = make(chat, record(), timeout_s=0.3)

    assert outcome.requests == 3
    assert written["region"] == "IE"
    assert chat.requests[2]["messages"] == chat.requests[0]["messages"]


def test_the_endpoint_is_left_alone_as_long_as_it_says(make):
    busy = Say(status=429, headers={"Retry-After": "1"}, body="")
    with Chat([busy]) as chat:
        began = time.monotonic()
        make(chat, record("a"), record("b"), concurrency=2)

    assert time.monotonic() - began >= 1
    assert len(chat.requests) == 3


def test_a_record_is_given_up_and_the_next_one_done(make):
    def choose(request):
        bad = "Bad Tune" in request["messages"][1]["content"]
        return Say({**GOOD, "region": "Ireland"} if bad else translated(request))

    with Chat(choose=choose) as chat:
        outcomes, written = make(chat, record("a", title="Bad Tune"), record("b"), retries=2)

    assert [(one.id, one.status, one.reason) for one in outcomes] == [
        ("a", "failed", "bad_answer"),
        ("b", "written", ""),
    ]
    assert "given up after 3 requests: region: 'Ireland'" in outcomes[0].message
    assert [one["id"] for one in written] == ["b"]


def test_a_refused_record_is_not_asked_about_again(make):
    with Chat([Say(status=400, body='{"error": {"message": "too long"}}')]) as chat:
        outcomes, written = make(chat, record("a"), record("b"))

    assert [(one.id, one.reason) for one in outcomes] == [("a", "refused"), ("b", "")]
    assert "too long" in outcomes[0].message
    assert len(written) == 1


def test_a_line_that_cannot_serve_is_named(make):
    with Chat() as chat:
        outcomes, _ = make(chat, {"id": "a"}, record("b"))

    assert {(one.id, one.status) for one in outcomes} == {("a", "unfit"), ("b", "written")}


def test_a_wrong_key_ends_the_run_and_keeps_what_is_done(make, tmp_path):
    with (
        Chat([Say(GOOD), Say(status=401, body="")]) as chat,
        pytest.raises(NoModelError, match="401"),
    ):
        make(chat, *(record(f"{i}") for i in range(9)))

    assert len(chat.requests) < 9
    assert [one.id for one in read_records([tmp_path / "out.jsonl"])] == ["0"]


@pytest.mark.parametrize("status", [500, 400])
def test_an_endpoint_that_always_fails_ends_the_run(make, status):
    with (
        Chat(choose=lambda _: Say(status=status, body="oops")) as chat,
        pytest.raises(NoModelError, match=r"10 records failed in a row.*oops"),
    ):
        make(chat, *(record(f"{i}") for i in range(40)), retries=0)

    assert len(chat.requests) < 20


def test_what_is_there_is_not_made_again(make):
    with Chat() as chat:
        make(chat, record("a"))
        outcomes, written = make(chat, record("a"), record("b"), record("b"))

    assert [(one.id, one.status) for one in outcomes] == [
        ("a", "skipped"),
        ("b", "skipped"),
        ("b", "written"),
    ]
    assert sorted(one["id"] for one in written) == ["a", "b"]
    assert len(chat.requests) == 2


def test_several_records_are_in_work_at_a_time(make):
    def choose(request):
        return Say(translated(request), wait_s=0.1)

    with Chat(choose=choose) as chat:
        _, written = make(chat, *(record(f"{i}") for i in range(12)), concurrency=4)

    assert chat.at_once == 4
    assert len(written) == 12


def test_records_are_read_only_as_fast_as_they_are_done(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(record(f"{i}")) + "\n" for i in range(50)))
    taken = []

    def counted():
        for material in read_material(path):
            taken.append(material.id)
            yield material

    with Chat() as chat, Journal(tmp_path / "out.jsonl") as journal:
        run = generate(counted(), journal, Endpoint(chat.url, "small"), Plan(), concurrency=2)
        next(run)
        run.close()

    assert len(taken) <= 5


def test_a_run_that_is_left_leaves_no_worker_waiting(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(record(f"{i}")) + "\n" for i in range(4)))
    busy = Say(status=429, headers={"Retry-After": "600"}, body="")
    with Chat([Say(GOOD), busy]) as chat, Journal(tmp_path / "out.jsonl") as journal:
        plan = Plan(translate_to=("fr",))
        run = generate(
            read_material(path), journal, Endpoint(chat.url, "small"), plan, concurrency=1
        )
        next(run)
        run.close()
        workers = [one for one in threading.enumerate() if one.name.startswith("metadata")]
        for worker in workers:
            worker.join(5)

    assert not any(worker.is_alive() for worker in workers)


def test_each_record_has_its_language_every_time():
    chosen = {f"{i}": Plan().language_of(f"{i}") for i in range(1000)}

    assert chosen == {key: Plan().language_of(key) for key in chosen}
    assert set(chosen.values()) == set(LANGUAGES)
    assert Plan(translate_to=()).language_of("a") == ""


def test_an_unknown_language_is_refused():
    with pytest.raises(UsageError, match="french"):
        Plan(translate_to=("fr", "french"))


def test_music_is_found_from_the_folder_of_the_output(tmp_path):
    (tmp_path / "a" / "music").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    path = tmp_path / "a" / "in.jsonl"
    path.write_text(json.dumps(record(filepaths=["music/jig.abc"])))
    (material,) = read_material(path)
    assert isinstance(material, Material)

    there = moved(material, path.parent, tmp_path / "b")
    here = moved(material, path.parent, Path(tmp_path / "b" / ".." / "a"))

    assert there.fields["filepaths"] == ["../a/music/jig.abc"]
    assert here.fields["filepaths"] == ["music/jig.abc"]
