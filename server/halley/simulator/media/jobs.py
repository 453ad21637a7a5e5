"""Work that takes its time: `/v1/videos` and Midjourney's `/mj/…`. A job moves on each time it is asked about.

How many times, what becomes of it, where its result is and how long it stays are options (`options.py`), so that a
test can hold a job, fail it, let it expire, or name a hostile address.
"""

from __future__ import annotations

import time
from typing import Any

from halley.simulator.envelope import ApiError, bad_request, invalid
from halley.simulator.http import Response, json_response
from halley.simulator.media.film import film
from halley.simulator.media.images import needed_text, paint, paint_grid, size_of
from halley.simulator.multipart import Upload
from halley.simulator.state import Call, SimJob, State

POLL_AFTER_MS = 50
FAILED = "the simulator was asked to fail"
VIDEO_SIZES = ("720x1280", "1280x720", "1024x1792", "1792x1024")
_CHOICES = ("U1", "U2", "U3", "U4")


def create_video(app: State, call: Call) -> Response:
    """`POST /v1/videos`."""
    prompt = needed_text(call.body, "prompt")
    size, seconds = str(call.body.get("size") or "1280x720"), str(call.body.get("seconds") or "4")
    if size not in VIDEO_SIZES:
        raise invalid("size", size, f"one of {', '.join(VIDEO_SIZES)}")
    if seconds not in ("4", "8", "12"):
        raise invalid("seconds", seconds, "4, 8 or 12")
    came = call.body.get("input_reference")
    if came is not None and not (
        isinstance(came, Upload) and came.data[:4] in (b"\x89PNG", b"RIFF", b"\xff\xd8\xff\xe0")
    ):
        raise bad_request("Invalid 'input_reference': no picture.", "input_reference", "invalid_image_file")
    job = _add(app, call, "video", prompt, size, int(seconds))
    return _video_response(app, job)


def retrieve_video(app: State, call: Call, id: str) -> Response:
    """`GET /v1/videos/{id}`."""
    job = _find(app, id)
    job.asked += 1
    return _video_response(app, job)


def delete_video(app: State, call: Call, id: str) -> Response:
    del app.jobs[_find(app, id).id]
    return json_response({"id": id, "object": "video.deleted", "deleted": True})


def list_videos(app: State, call: Call) -> Response:
    found = [_video(app, job) for job in app.jobs.values() if job.kind == "video"]
    ends = {"has_more": False, "first_id": None, "last_id": None}
    return json_response({"object": "list", "data": found[::-1], **ends})


def file(app: State, call: Call, name: str) -> Response:
    """`GET /v1/videos/{id}/content`, and `GET /files/{id}.avi`: where results lie that are had without a key."""
    return _file(app, _find(app, name.partition(".")[0]))


def moved(app: State, call: Call) -> Response:
    """`GET /moved?to=…`: a redirect to anywhere."""
    return Response(302, {"location": call.query.get("to", "")})


def imagine(app: State, call: Call) -> Response:
    """`POST /mj/submit/imagine`."""
    job = _add(app, call, "grid", needed_text(call.body, "prompt"), "256x256", 0)
    return _submitted(job)


def act(app: State, call: Call) -> Response:
    """`POST /mj/submit/action`: work one quarter of a grid out."""
    grid = _find(app, str(call.body.get("taskId")))
    label = str(call.body.get("customId") or "").rpartition("::")[2]
    if grid.kind != "grid" or label not in _CHOICES:
        return json_response({"code": 4, "description": "invalid customId", "result": None, "properties": {}})
    job = _add(app, call, "picture", grid.prompt, grid.size, 0)
    job.variant = int(label[1]) - 1
    return _submitted(job)


def _submitted(job: SimJob) -> Response:
    return json_response({"code": 1, "description": "Submit success", "result": job.id, "properties": {}})


def fetch_task(app: State, call: Call, id: str) -> Response:
    """`GET /mj/task/{id}/fetch`."""
    job = _find(app, id)
    job.asked += 1
    status, progress = _standing(app, job)
    words = {"in_progress": "IN_PROGRESS", "completed": "SUCCESS", "failed": "FAILURE", "queued": "NOT_START"}
    done = status == "completed"
    buttons = [
        {"customId": f"MJ::JOB::upsample::{label}", "emoji": "", "label": label, "type": 2, "style": 2}
        for label in (_CHOICES if done and job.kind == "grid" else ())
    ]
    value = {
        "id": job.id, "action": "IMAGINE" if job.kind == "grid" else "UPSCALE", "status": words[status],
        "progress": f"{progress}%", "prompt": job.prompt, "promptEn": job.prompt, "submitTime": int(job.created * 1000),
        "imageUrl": _address(app, job, "png") if done else "",
        "failReason": FAILED if status == "failed" else None, "buttons": buttons,
    }  # fmt: skip
    return json_response(value, headers={"openai-poll-after-ms": str(POLL_AFTER_MS)})


def cancel_task(app: State, call: Call, id: str) -> Response:
    del app.jobs[_find(app, id).id]
    return json_response({"code": 1, "description": "cancelled", "result": id})


def _add(app: State, call: Call, kind: str, prompt: str, size: str, seconds: int) -> SimJob:
    id = f"{'video_sim' if kind == 'video' else 'mj_sim'}_{call.request_id[8:]}"
    job = app.jobs[id] = SimJob(id, kind, call.model or "sim-midjourney", prompt, size, seconds, time.time())
    return job


def _find(app: State, id: str) -> SimJob:
    job = app.jobs.get(id)
    if job is None:
        raise ApiError(404, f"No job was found with id '{id}'", "invalid_request_error", code="not_found")
    return job


def _standing(app: State, job: SimJob) -> tuple[str, int]:
    """The status in OpenAI's words, and the percentage."""
    polls = app.options.job_polls
    if job.asked >= polls:
        return ("failed", 100) if app.options.job_fails else ("completed", 100)
    return ("in_progress" if job.asked else "queued"), 100 * job.asked // max(1, polls)


def _video_response(app: State, job: SimJob) -> Response:
    return json_response(_video(app, job), headers={"openai-poll-after-ms": str(POLL_AFTER_MS)})


def _video(app: State, job: SimJob) -> dict[str, Any]:
    status, progress = _standing(app, job)
    failed = {"code": "simulated", "message": FAILED} if status == "failed" else None
    value: dict[str, Any] = {
        "id": job.id, "object": "video", "model": job.model, "status": status, "progress": progress,
        "created_at": int(job.created), "completed_at": int(time.time()) if status == "completed" else None,
        "expires_at": int(job.created + app.options.job_lifetime_s) if status == "completed" else None,
        "seconds": str(job.seconds), "size": job.size, "prompt": job.prompt, "error": failed,
        "remixed_from_video_id": None,
    }  # fmt: skip
    if status == "completed" and app.options.result_address:
        value["url"] = _address(app, job, "avi")
    return value


def _address(app: State, job: SimJob, suffix: str) -> str:
    """Where the result lies: as the option says, else with us."""
    wanted = app.options.result_address
    own = f"{app.origin()}/files/{job.id}.{suffix}"
    if wanted.startswith("moved:"):
        return f"{app.origin()}/moved?to={wanted.removeprefix('moved:').replace('OWN', own)}"
    return own if wanted in ("", "own") else wanted


def _file(app: State, job: SimJob) -> Response:
    if time.time() >= job.created + app.options.job_lifetime_s:
        raise ApiError(404, "The file has expired", "invalid_request_error", code="expired")
    if _standing(app, job)[0] != "completed":
        raise ApiError(404, "The job has not been completed", "invalid_request_error", code="not_ready")
    width, height = size_of(job.size)
    if job.kind == "video":
        filmed = film(job.prompt, width, height, job.seconds)
        return Response(200, {"content-type": "video/x-msvideo"}, filmed)
    if job.kind == "grid":
        picture = paint_grid(job.prompt, width, height)
    else:
        picture = paint(job.prompt, width, height, job.variant)
    return Response(200, {"content-type": "image/png"}, picture)
