"""Calls of torch: functions, methods, and torch.nn.functional."""

from __future__ import annotations

import torch
from torch.nn import functional as F  # noqa: N812

from support.raw_calls import Call

CALLS: dict[str, Call] = {
    "torch.relu": torch.relu,
    "torch.sin": lambda x: torch.sin(x) + torch.cos(x),
    "torch.clamp": lambda x: torch.clamp(x, -0.5, 0.7),
    "torch.where": lambda x: torch.where(x > 0, x, torch.exp(x)),
    "torch.cat": lambda x: torch.cat([x, -x], dim=-1)[..., :4],
    "torch.stack": lambda x: torch.stack([x, x * 2], dim=1),
    "torch.split": lambda x: torch.split(x, 2, dim=-1)[1],
    "torch.chunk": lambda x: torch.chunk(x, 2, dim=-1)[0],
    "torch.einsum": lambda x: torch.einsum("btd,bsd->bts", x, x) @ x,
    "torch.matmul": lambda x: torch.matmul(x, x.transpose(1, 2)),
    "torch.bmm": lambda x: torch.bmm(x, x.mT),
    "torch.mean": lambda x: torch.mean(x, dim=1),
    "torch.var": lambda x: torch.var(x, dim=-1, unbiased=False),
    "torch.amax": lambda x: torch.amax(x, dim=1),
    "torch.argmax": lambda x: torch.argmax(x, dim=-1),
    "torch.cumsum": lambda x: torch.cumsum(x, dim=1),
    "torch.sort": lambda x: torch.sort(x, dim=-1).values,
    "torch.topk": lambda x: torch.topk(x, 2, dim=-1).values,
    "torch.norm": lambda x: torch.linalg.norm(x, dim=-1),
    "torch.flip": lambda x: torch.flip(x, dims=[1]),
    "torch.roll": lambda x: torch.roll(x, 1, dims=-1),
    "torch.tril": lambda x: torch.tril(x @ x.mT),
    "torch.outer": lambda x: x.unsqueeze(-1) * x.unsqueeze(-2),
    "torch.arange of a size": lambda x: (
        x + torch.arange(x.shape[1], dtype=x.dtype)[None, :, None]
    ),
    "torch.zeros of a size": lambda x: x + torch.zeros(x.shape[0], x.shape[1], 1),
    "torch.full_like": lambda x: x + torch.full_like(x, 0.5),
    "torch.erf": torch.erf,
    "torch.logsumexp": lambda x: torch.logsumexp(x, dim=-1),
    "torch.gather": lambda x: torch.gather(x, 2, torch.argsort(x, dim=2)),
    "torch.cdist": lambda x: (x[:, :, None] - x[:, None]).pow(2).sum(-1),
    "torch.maximum": lambda x: torch.maximum(x, -x / 2),
    "torch.bitwise": lambda x: ((x > 0) & (x < 1)) | (x < -1),
    "torch.round": lambda x: torch.round(x * 3) + torch.floor(x) + torch.sign(x),
    "torch.tensor constant": lambda x: x * torch.tensor([1.0, 2.0, 3.0, 4.0]),
    "methods": lambda x: x - x.mean(dim=-1, keepdim=True).abs(),
    "view": lambda x: x.reshape(-1, 2, 2).transpose(1, 2).reshape(x.shape),
    "permute": lambda x: x.permute(0, 2, 1).contiguous(),
    "masked_fill": lambda x: x.masked_fill(x < 0, -1.0),
    "expand": lambda x: x[:, :1].expand(-1, x.shape[1], -1) + x,
    "repeat": lambda x: x.repeat(1, 2, 1),
    "flatten": lambda x: x.flatten(1).sum(-1, keepdim=True),
    "to integers": lambda x: (x * 10).to(torch.int64) // 3,
    "in place": lambda x: x.clone().mul_(2).add_(1),
    "slices": lambda x: x[:, ::2, 1:],
    "index": lambda x: x[:, -1],
    "F.gelu": F.gelu,
    "F.silu": F.silu,
    "F.softmax": lambda x: F.softmax(x, dim=-1),
    "F.log_softmax": lambda x: F.log_softmax(x, dim=1),
    "F.layer_norm": lambda x: F.layer_norm(x, (4,)),
    "F.normalize": lambda x: F.normalize(x, dim=-1),
    "F.pad": lambda x: F.pad(x, (1, 2)),
    "F.linear": lambda x: F.linear(x, torch.ones(3, 4)),
    "F.conv1d": lambda x: F.conv1d(x.mT, torch.ones(2, 4, 3), padding=1),
    "F.avg_pool1d": lambda x: F.avg_pool1d(x.mT, 2, ceil_mode=False),
    "F.interpolate": lambda x: F.interpolate(x.mT, scale_factor=2),
    "F.adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x.mT, 1),
    "F.one_hot": lambda x: F.one_hot(torch.argmax(x, dim=-1), 4),
    "F.glu": lambda x: F.glu(x, dim=-1),
    "F.hardswish": F.hardswish,
    "F.embedding": lambda x: F.embedding(torch.argmax(x, dim=-1), torch.ones(4, 3)),
    "F.attention": lambda x: F.scaled_dot_product_attention(
        x[:, None], x[:, None], x[:, None]
    ),
}

QUICK = [
    "torch.cat",
    "torch.einsum",
    "torch.var",
    "torch.argmax",
    "torch.topk",
    "torch.arange of a size",
    "torch.where",
    "view",
    "slices",
    "in place",
    "F.gelu",
    "F.layer_norm",
    "F.pad",
]
