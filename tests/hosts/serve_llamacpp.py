"""llama.cpp's own server on a port of loopback, until stdin closes. Runs in `.peers/hosts`, without any of ours.

    python serve_llamacpp.py MODEL.gguf|tiny:PATH PORT [embed | WINDOW]

`tiny:PATH` writes a random model of half a megabyte there first: llama's shape, one token for each byte, the marks of
fill-in-the-middle, and a template as strict as Mistral's. It says printable characters only and never ends by itself, so
that each reply has text, and as many tokens as were asked for.
"""

from __future__ import annotations

import os
import sys

TEMPLATE = """\
{%- set turn = namespace(number=0) -%}
{%- for message in messages -%}
{%- if message['role'] == 'system' -%}{{ raise_exception('System role not supported') }}{%- endif -%}
{%- if message['role'] == 'user' or (message['role'] == 'assistant' and not message.tool_calls) -%}
{%- if (message['role'] == 'user') != (turn.number % 2 == 0) -%}
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{%- endif -%}
{%- set turn.number = turn.number + 1 -%}
{%- endif -%}
[{{ message['role'] }}]{{ message['content'] }}
{%- endfor -%}[assistant]"""
PRINTABLE = slice(259, 259 + 94)
"""Tokens of one printable character each."""
LAYERS, WIDTH, HEADS, INNER, TRAINED = 2, 64, 4, 128, 8192
WINDOW = 512


def write_tiny_model(path: str) -> None:
    import gguf
    import numpy as np

    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256))]
    tokens += [bytes([char]) for char in range(33, 127)] + ["\u2581".encode()]
    kinds = [2, 3, 3, *[6] * 256, *[1] * 95]
    first_mark = len(tokens)
    tokens += [b"<|fim_prefix|>", b"<|fim_suffix|>", b"<|fim_middle|>"]
    kinds += [3, 3, 3]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(TRAINED)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_file_type(0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    for number, mark in enumerate(("pre", "suf", "mid")):
        writer.add_uint32(f"tokenizer.ggml.fim_{mark}_token_id", first_mark + number)
    writer.add_chat_template(TEMPLATE)
    random = np.random.default_rng(7)

    def matrix(*shape: int) -> np.ndarray:
        return (random.standard_normal(shape) * 0.3).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    writer.add_tensor("token_embd.weight", matrix(len(tokens), WIDTH))
    writer.add_tensor("output_norm.weight", ones)
    says = np.zeros((len(tokens), WIDTH), np.float32)
    says[PRINTABLE] = (
        matrix(PRINTABLE.stop - PRINTABLE.start, WIDTH) * 10
    )  # far above the zeros of all others
    writer.add_tensor("output.weight", says)
    for layer in range(LAYERS):
        name = f"blk.{layer}."
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{name}{norm}.weight", ones)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{name}{part}.weight", matrix(WIDTH, WIDTH))
        for part in ("ffn_gate", "ffn_up"):
            writer.add_tensor(f"{name}{part}.weight", matrix(INNER, WIDTH))
        writer.add_tensor(f"{name}ffn_down.weight", matrix(WIDTH, INNER))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def serve(model: str, port: int, window: int, embed: bool) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"tiny" if model.endswith("tiny.gguf") else "model"}
    params.n_ctx, params.n_parallel, params.port = window, 1, port
    params.use_jinja, params.endpoint_props, params.warmup, params.embedding = True, True, False, embed
    if embed:
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    # One thread: two that share a core with others spin while they wait for each other.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = 2
    server = xllamacpp.Server(params)
    # One write with its own line ends: llama.cpp's threads log to the same pipe, piece by piece.
    os.write(sys.stdout.fileno(), f"\nat {server.listening_address}\n".encode())
    sys.stdin.read()


if __name__ == "__main__":
    named = sys.argv[1].removeprefix("tiny:")
    if named != sys.argv[1]:
        write_tiny_model(named)
    window = next((int(text) for text in sys.argv[3:] if text.isdigit()), WINDOW)
    serve(named, int(sys.argv[2]), window, "embed" in sys.argv)
