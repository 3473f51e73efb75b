"""Times training steps of a small LLaMA in PyTorch on the CPU and prints one JSON line, with the keys of `strata benchmark train --json`.

A step is what ours is: forward, backward, clipping to norm 1, fused AdamW, gradients set to None; another batch each time. Modes:
transformers (LlamaForCausalLM, and PEFT for LoRA), eager (the lean model below), compiled (the same under torch.compile).
Benchmarks/run calls this; the sizes default to the shape d64.

Letters: B batch, T tokens a sequence, C width, H heads, K key-value heads, D head width, F feed-forward width, V vocabulary, R rank.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Linear(nn.Module):
    """y = x W^T, and with an adapter y = x W^T + 2 (x A^T) B^T: alpha is twice the rank."""

    def __init__(self, inputs, outputs, rank):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(outputs, inputs))
        self.rank = rank
        if rank:
            self.lora_A = nn.Parameter((2 * torch.rand(rank, inputs) - 1) / inputs**0.5)
            self.lora_B = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, x):
        y = F.linear(x, self.weight)
        return y + 2 * F.linear(F.linear(x, self.lora_A), self.lora_B) if self.rank else y


class Attention(nn.Module):
    def __init__(self, o, rank):
        super().__init__()
        self.heads, self.key_heads, self.head_width = o.num_attention_heads, o.num_key_value_heads, o.hidden_size // o.num_attention_heads
        self.q_proj = Linear(o.hidden_size, o.hidden_size, rank)
        self.k_proj = Linear(o.hidden_size, self.key_heads * self.head_width, rank)
        self.v_proj = Linear(o.hidden_size, self.key_heads * self.head_width, rank)
        self.o_proj = Linear(o.hidden_size, o.hidden_size, rank)

    def forward(self, x, cosine, sine):
        B, T, C = x.shape

        def heads(y, count):
            return y.view(B, T, count, self.head_width).transpose(1, 2)  # (B, count, T, D)

        def turned(y):
            low, high = y.chunk(2, dim=-1)
            return y * cosine + torch.cat([-high, low], dim=-1) * sine

        q, k, v = heads(self.q_proj(x), self.heads), heads(self.k_proj(x), self.key_heads), heads(self.v_proj(x), self.key_heads)
        mixed = F.scaled_dot_product_attention(turned(q), turned(k), v, is_causal=True, enable_gqa=self.heads != self.key_heads)
        return self.o_proj(mixed.transpose(1, 2).reshape(B, T, C))


class FeedForward(nn.Module):
    def __init__(self, o, rank):
        super().__init__()
        self.gate_proj = Linear(o.hidden_size, o.intermediate_size, rank)
        self.up_proj = Linear(o.hidden_size, o.intermediate_size, rank)
        self.down_proj = Linear(o.intermediate_size, o.hidden_size, rank)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, o, rank):
        super().__init__()
        self.width = o.hidden_size
        self.input_layernorm = nn.Parameter(torch.ones(self.width))
        self.post_attention_layernorm = nn.Parameter(torch.ones(self.width))
        self.self_attn, self.mlp = Attention(o, rank), FeedForward(o, rank)

    def forward(self, x, cosine, sine):
        x = x + self.self_attn(F.rms_norm(x, (self.width,), self.input_layernorm, 1e-5), cosine, sine)
        return x + self.mlp(F.rms_norm(x, (self.width,), self.post_attention_layernorm, 1e-5))


class Llama(nn.Module):
    """Returns the mean loss of the tokens behind the first."""

    def __init__(self, o, layer_count, rank):
        super().__init__()
        self.width, self.vocabulary = o.hidden_size, o.vocab_size
        self.embed_tokens = nn.Parameter(0.02 * torch.randn(self.vocabulary, self.width))
        self.layers = nn.ModuleList(Block(o, rank) for _ in range(layer_count))
        self.norm = nn.Parameter(torch.ones(self.width))
        self.lm_head = nn.Parameter(0.02 * torch.randn(self.vocabulary, self.width))
        head_width = o.hidden_size // o.num_attention_heads
        frequencies = 10000.0 ** (-torch.arange(0, head_width, 2) / head_width)
        angles = torch.outer(torch.arange(o.sequence), frequencies).repeat(1, 2)  # (T, D)
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())

    def forward(self, tokens, targets):
        x = F.embedding(tokens, self.embed_tokens)
        for layer in self.layers:
            x = layer(x, self.cosine, self.sine)
        logits = F.linear(F.rms_norm(x, (self.width,), self.norm, 1e-5), self.lm_head)
        return F.cross_entropy(logits.view(-1, self.vocabulary).float(), targets.view(-1))


def added_layers(layers, count):
    """Where `count` new blocks stand, spread evenly: one behind every original layer floor(i layers / count), i = 1 ... count."""
    return [i * layers // count + i - 1 for i in range(1, count + 1)]


def make_model(o):
    """The model, with what is trained marked, and a function (tokens, targets) -> loss."""
    added = added_layers(o.num_hidden_layers, o.blocks) if o.strategy == "block-expansion" else []
    layer_count = o.num_hidden_layers + len(added)
    if o.mode == "transformers":
        from transformers import LlamaConfig, LlamaForCausalLM

        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=o.vocab_size, hidden_size=o.hidden_size, intermediate_size=o.intermediate_size, num_hidden_layers=layer_count,
                num_attention_heads=o.num_attention_heads, num_key_value_heads=o.num_key_value_heads, max_position_embeddings=o.sequence,
                rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=None, eos_token_id=None, pad_token_id=None))
        layers = model.model.layers
        if o.strategy == "lora":
            import peft

            model = peft.get_peft_model(model, peft.LoraConfig(r=o.r, lora_alpha=2 * o.r, lora_dropout=0.0, target_modules=LINEARS))

        def loss(tokens, targets):
            # It takes the targets from the tokens itself: the last token has none.
            return model(input_ids=tokens, labels=tokens, use_cache=False).loss
    else:
        model = Llama(o, layer_count, o.r if o.strategy == "lora" else 0)
        layers = model.layers
        if o.strategy == "lora":
            for name, parameter in model.named_parameters():
                parameter.requires_grad_("lora_" in name)
        loss = torch.compile(model) if o.mode == "compiled" else model
    if added:
        model.requires_grad_(False)
        for layer in added:
            with torch.no_grad():
                layers[layer].load_state_dict(layers[layer - 1].state_dict())
                layers[layer].self_attn.o_proj.weight.zero_()
                layers[layer].mlp.down_proj.weight.zero_()
            layers[layer].requires_grad_(True)
    return model, loss


def make_batches(o, count):
    """Tokens as in `strata benchmark train`: five times the one before plus 0 to 3. Shape (count, B, T + 1)."""
    tokens = torch.randint(0, o.vocab_size, (count * o.batch, 1))
    columns = [tokens]
    for _ in range(o.sequence):
        columns.append((5 * columns[-1] + torch.randint(0, 4, columns[-1].shape)) % o.vocab_size)
    return torch.cat(columns, dim=1).view(count, o.batch, o.sequence + 1)


def process_age():
    """Seconds since the process was started; None without /proc."""
    try:
        with open("/proc/self/stat") as stat, open("/proc/uptime") as uptime:
            started = int(stat.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
            return float(uptime.read().split()[0]) - started
    except OSError:
        return None


def peak_resident_bytes():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else largest * 1024


def versions(o):
    import importlib.metadata

    names = ["torch"] + (["transformers"] if o.mode == "transformers" else []) + (["peft"] if o.mode == "transformers" and o.strategy == "lora" else [])
    return {name: importlib.metadata.version(name) for name in names}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=["transformers", "eager", "compiled"], default="eager")
    parser.add_argument("--strategy", choices=["full", "block-expansion", "lora"], default="full")
    for name, default in {
        "hidden-size": 64, "intermediate-size": 172, "num-hidden-layers": 8, "num-attention-heads": 4, "num-key-value-heads": 4, "vocab-size": 512,
        "batch": 16, "sequence": 128, "blocks": 4, "r": 8, "threads": os.cpu_count() or 1, "steps": 20, "warmup": 3,
    }.items():
        parser.add_argument("--" + name, type=int, default=default, metavar="N", help=f"default: {default}")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--gate", action="store_true", help="after the warm-up print 'ready' and wait for a line on standard input")
    return parser.parse_args()


def main():
    o = arguments()
    torch.manual_seed(0)
    torch.set_num_threads(o.threads)
    with torch.no_grad():
        batches = make_batches(o, o.warmup + o.steps)
    model, loss_of = make_model(o)
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    # No decay of norms, as ours.
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in trained if p.dim() > 1], "weight_decay": 0.1}, {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0}],
        lr=1e-3, betas=(0.9, 0.95), eps=1e-8, fused=True)
    ready = process_age()

    seconds, losses = [], []
    for step, batch in enumerate(batches):
        if step == o.warmup and o.gate:
            print("ready", flush=True)
            sys.stdin.readline()
        start = time.perf_counter()
        tokens, targets = batch[:, :-1].contiguous(), batch[:, 1:].contiguous()
        with torch.autocast("cpu", torch.bfloat16, enabled=o.bf16):
            loss = loss_of(tokens, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        seconds.append(time.perf_counter() - start)

    timed = seconds[o.warmup:]
    median = statistics.median(timed)
    print(json.dumps({
        "program": f"torch {o.mode}", "precision": "bf16" if o.bf16 else "fp32", "strategy": o.strategy, "threads": o.threads,
        "parameters": sum(p.numel() for p in model.parameters()), "trained_parameters": sum(p.numel() for p in trained),
        "step_ms": median * 1e3, "step_ms_min": min(timed) * 1e3, "first_step_ms": seconds[0] * 1e3, "timed_steps": len(timed),
        "tokens_per_second": o.batch * o.sequence / median, "peak_memory_bytes": peak_resident_bytes(), "ready_seconds": ready,
        "loss_first": losses[0], "loss_last": losses[-1], "versions": versions(o), "capability": torch.backends.cpu.get_cpu_capability(),
    }))


if __name__ == "__main__":
    main()
