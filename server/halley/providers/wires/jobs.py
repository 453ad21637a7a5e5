"""Jobs: submitted once, asked about until they have ended, cancelled where a host lets one.

videos        POST /videos, GET /videos/{id}, /videos/{id}/content, DELETE (https://platform.openai.com/docs/api-reference/videos)
midjourney    POST /mj/submit/imagine and /action, GET /mj/task/{id}/fetch, at the root of the host

Hosts of this kind agree on the operations and not on the words of their answers; both are read leniently here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote as url_quote

import orjson

from halley.core.errors import BadReply, HalleyError, ModelNotFound, RateLimited, RequestRefused
from halley.core.media import JobState, MediaJob, MediaPrompt
from halley.providers.hosts.host import Host, read_json
from halley.providers.http.answer import HttpAnswer
from halley.providers.http.forms import Form
from halley.providers.refusals.errors import Asked, quote
from halley.providers.wires.data_urls import data_url_of

_DONE = "completed complete succeeded success finished".split()
_FAILED = "failed failure error cancelled canceled expired rejected".split()
_ADDRESSES = ("url", "video_url", "result_url", "output", "video", "content", "metadata", "result", "data")
_SUBMITTED = (1, 21, 22)
"""Midjourney's `code`: taken, exists, queued."""


async def submit(
    host: Host, name: str, facts: Mapping[str, Any], prompt: MediaPrompt
) -> tuple[MediaJob, JobState]:
    """A new job, and how it stands. The host charges for it from here on."""
    if prompt.kind == "video":
        return await _submit_video(host, name, prompt)
    return await _submit_picture(host, name, facts, prompt)


async def poll(host: Host, job: MediaJob) -> JobState:
    """How it stands now."""
    if job.road == "videos":
        said, asked, headers = await _get(host, f"/videos/{url_quote(job.id, safe='')}", job)
        return _video_state(said, asked, headers, job)
    url = host.endpoint.root_url(f"{_mj_root(job.model)}/task/{url_quote(job.id, safe='')}/fetch")
    said, asked, headers = await _get(host, url, job)
    return _picture_state(said, asked, headers)


async def cancel(host: Host, job: MediaJob) -> bool:
    """Best effort: a host without such an operation continues, and its result is never fetched."""
    id = url_quote(job.id, safe="")
    try:
        if job.road == "videos":
            answer, _ = await host.send(f"/videos/{id}", model=job.model, method="DELETE", stream=False)
        else:
            url = host.endpoint.root_url(f"{_mj_root(job.model)}/task/{id}/cancel")
            answer, _ = await host.send(url, {}, model=job.model, stream=False)
        await answer.aclose()
    except HalleyError:
        return False
    return True


# -- videos


async def _submit_video(host: Host, name: str, prompt: MediaPrompt) -> tuple[MediaJob, JobState]:
    fields = {"model": name, "prompt": prompt.text, "seconds": prompt.seconds, "size": prompt.size}
    form = Form(fields, [("input_reference", file) for file in prompt.files])
    answer, asked = await host.send("/videos", form=form, model=name, private=(prompt.text,), stream=False)
    try:
        said = _read(await answer.read(), asked, answer)
    finally:
        await answer.aclose()
    inner = _inner(said)
    id = inner.get("id") or inner.get("task_id") or (said.get("data") if isinstance(said, dict) else None)
    if not isinstance(id, str) or not id:
        raise _bad(host, name, "accepted the request but returned no job ID")
    job = MediaJob("videos", id, name)
    return job, _video_state(said, asked, answer.headers, job)


def _video_state(said: Any, asked: Asked, headers: Mapping[str, str], job: MediaJob) -> JobState:
    inner = _inner(said)
    status = _status(inner.get("status") or inner.get("task_status") or "queued")
    reason = ""
    if status == "failed":
        error = inner.get("error")
        told = error.get("message") if isinstance(error, Mapping) else error
        reason = quote(str(told or inner.get("fail_reason") or inner.get("message") or ""), asked.private)
    own = asked.endpoint.url(f"/videos/{url_quote(job.id, safe='')}/content")
    return JobState(
        status,
        _progress(inner.get("progress")),
        (next(_addresses(inner), own),) if status == "complete" else (),
        expires=_moment(inner.get("expires_at")),
        poll_after_s=_poll_after(headers),
        reason=reason,
    )


# -- Midjourney


async def _submit_picture(
    host: Host, name: str, facts: Mapping[str, Any], prompt: MediaPrompt
) -> tuple[MediaJob, JobState]:
    root = _mj_root(name)
    if prompt.of:
        path, body = f"{root}/submit/action", {"taskId": prompt.of.id, "customId": prompt.choice}
    else:
        pictures = [data_url_of(file.mime, file.data) for file in prompt.files]
        path, body = f"{root}/submit/imagine", {"prompt": _with_ratio(prompt), "base64Array": pictures}
    said = await host.send_for_json(host.endpoint.root_url(path), body, model=name, private=(prompt.text,))
    code = said.get("code") if isinstance(said, dict) else None
    id = said.get("result") if isinstance(said, dict) else None
    if code not in _SUBMITTED or not id:
        raise _refused(host, name, said if isinstance(said, dict) else {}, prompt)
    return MediaJob("midjourney", str(id), name), JobState("running")


def _picture_state(said: Any, asked: Asked, headers: Mapping[str, str]) -> JobState:
    inner = _inner(said)
    status = _status(inner.get("status") or "NOT_START")
    named = inner.get("imageUrl") or inner.get("image_url")
    # of whatever kind: fetching it says what is wrong with it
    addresses = (named,) if isinstance(named, str) else ()
    buttons = inner.get("buttons")
    choices = tuple(_upscales(buttons)) if status == "complete" and isinstance(buttons, list) else ()
    return JobState(
        "choosing" if choices else status,
        _progress(inner.get("progress")),
        addresses if status == "complete" else (),
        choices,
        poll_after_s=_poll_after(headers),
        reason=quote(str(inner.get("failReason") or inner.get("fail_reason") or ""), asked.private),
    )


def _upscales(buttons: list[Any]) -> Iterator[str]:
    """The host's words for working out each quarter: `U1` to `U4`."""
    for button in buttons:
        custom = button.get("customId") if isinstance(button, Mapping) else None
        label = str(button.get("label") or "") if isinstance(button, Mapping) else ""
        if isinstance(custom, str) and (re.fullmatch(r"U[1-4]", label) or "::upsample::" in custom):
            yield custom


def _with_ratio(prompt: MediaPrompt) -> str:
    """Midjourney takes a proportion in the prompt where others take a size."""
    match = re.fullmatch(r"(\d+)[x:](\d+)", prompt.size or "")
    if not match or "--ar" in prompt.text:
        return prompt.text
    return f"{prompt.text} --ar {match[1]}:{match[2]}"


def _mj_root(name: str) -> str:
    """Where the operations lie, by the speed in the model's name."""
    lower = name.lower()
    return next((f"/mj-{speed}/mj" for speed in ("fast", "turbo", "relax") if speed in lower), "/mj")


def _refused(host: Host, name: str, said: Mapping[str, Any], prompt: MediaPrompt) -> HalleyError:
    told = quote(str(said.get("description") or ""), (prompt.text,))
    details: dict[str, Any] = {"provider": host.endpoint.id, "model": f"{host.endpoint.id}/{name}"}
    help = f"It said: {told}." if told else "Try again, or choose another model."
    if said.get("code") == 23:
        return RateLimited(f"{host.endpoint.label} accepts no more jobs at the moment.", help, **details)
    if said.get("code") == 24:
        return RequestRefused(f"{host.endpoint.label} refused words of the prompt.", help, **details)
    return RequestRefused(f"{host.endpoint.label} did not take the job.", help, **details)


# -- reading


async def _get(host: Host, path: str, job: MediaJob) -> tuple[Any, Asked, Mapping[str, str]]:
    try:
        answer, asked = await host.send(path, model=job.model, stream=False)
    except ModelNotFound as error:  # what is not there is the job
        raise BadReply(
            f"{host.endpoint.label} no longer knows the job.", "Start it again.", **_details(host, job)
        ) from error
    except RequestRefused as error:
        if error.problem.status in (404, 410):
            raise BadReply(
                f"{host.endpoint.label} no longer knows the job.",
                "Start it again.",
                **_details(host, job),
            ) from error
        raise
    try:
        said = _read(await answer.read(), asked, answer)
    except RequestRefused as error:
        raise error.about(**_details(host, job)) from None
    finally:
        await answer.aclose()
    return said, asked, answer.headers


def _read(data: bytes, asked: Asked, answer: HttpAnswer) -> Any:
    """As `read_json`; but a job that says it failed, and why under `error`, is an answer and not an error."""
    try:
        said = orjson.loads(data)
    except ValueError:
        said = None
    if isinstance(said, Mapping) and isinstance(_inner(said).get("status"), str):
        return asked.mask.value(said)
    return read_json(data, asked, answer)


def _inner(said: Any) -> Mapping[str, Any]:
    """The job itself: some hosts wrap it as `{code, data}`."""
    if not isinstance(said, Mapping):
        return {}
    inner = said.get("data")
    return inner if isinstance(inner, Mapping) and "status" in inner else said


def _status(word: Any) -> Any:
    """Any state that is neither done nor failed counts as running: hosts have a dozen words for that."""
    lower = str(word).lower()
    if lower in _DONE:
        return "complete"
    return "failed" if lower in _FAILED else "running"


def _progress(value: Any) -> float | None:
    """`45`, `0.45` or `"45%"`."""
    if isinstance(value, str):
        value = float(value.rstrip("%")) if re.fullmatch(r"\d+(\.\d+)?%?", value) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        return None
    return min(1.0, value / 100 if value > 1 or isinstance(value, int) else value)


def _addresses(value: Any, depth: int = 0) -> Iterator[str]:
    """Every address under the names that hosts use, the likeliest first."""
    if isinstance(value, str) and value.startswith(("http://", "https://", "data:")):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _addresses(one, depth)
    elif isinstance(value, Mapping) and depth < 4:
        for name in _ADDRESSES:
            yield from _addresses(value.get(name), depth + 1)


def _moment(value: Any) -> float | None:
    return (
        float(value) if isinstance(value, int | float) and value > time.time() - 10 * 365 * 86_400 else None
    )


def _poll_after(headers: Mapping[str, str]) -> float | None:
    """`openai-poll-after-ms`, as OpenAI's own library reads it; or Retry-After in seconds."""
    for name, unit in (("openai-poll-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name, "")
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return float(text) / unit
    return None


def _details(host: Host, job: MediaJob) -> dict[str, Any]:
    return {"provider": host.endpoint.id, "model": f"{host.endpoint.id}/{job.model}"}


def _bad(host: Host, name: str, what: str) -> BadReply:
    return BadReply(
        f"{host.endpoint.label} {what}.", "Choose another model.",
        provider=host.endpoint.id, model=f"{host.endpoint.id}/{name}",
    )  # fmt: skip
