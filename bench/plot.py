#!/usr/bin/env python3
"""Draws what the benchmarks printed: bench/plot.py FOLDER <JSON lines. One SVG per picture, nothing but the standard
library. A picture whose figures are not among the lines is left out."""

import html
import json
import pathlib
import sys

COLOURS = ["#35618f", "#8fb8de", "#d98c3f", "#6b9e5b", "#9a76b3", "#b0b0b0"]
LABEL_WIDTH, BAR_WIDTH, ROW, FONT = 250, 470, 30, 13


class Picture:
    """Horizontal bars; each is a list of parts that are laid end to end."""

    def __init__(self, title, unit, legend=()):
        self.title, self.unit, self.legend, self.bars = title, unit, list(legend), []

    def bar(self, label, *parts):
        if all(part is not None for part in parts):
            self.bars.append((label, [max(part, 0) for part in parts]))

    def svg(self):
        longest = max(sum(parts) for _, parts in self.bars)
        rows = []
        y = 50
        for label, parts in self.bars:
            rows.append(text(LABEL_WIDTH - 8, y + 17, label, anchor="end"))
            x = LABEL_WIDTH
            for colour, part in zip(COLOURS, parts):
                width = part / longest * BAR_WIDTH
                rows.append(f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}" fill="{colour}"/>')
                x += width
            rows.append(text(x + 6, y + 17, f"{number(sum(parts))} {self.unit}"))
            y += ROW
        x = LABEL_WIDTH
        for colour, name in zip(COLOURS, self.legend):
            rows.append(f'<rect x="{x}" y="{y + 8}" width="12" height="12" fill="{colour}"/>')
            rows.append(text(x + 17, y + 18, name))
            x += 30 + 7.2 * len(name)
        height = y + (34 if self.legend else 10)
        width = LABEL_WIDTH + BAR_WIDTH + 110
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="{FONT}">\n'
            f'<rect width="{width}" height="{height}" fill="white"/>\n'
            + text(14, 28, self.title, weight="bold") + "\n" + "\n".join(rows) + "\n</svg>\n"
        )


def text(x, y, words, anchor="start", weight="normal"):
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{html.escape(words)}</text>'


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def cpu_picture(values):
    picture = Picture("Daemon CPU time per provision", "us", ["X25519, two", "authenticate, rest", "lookup", "loop"])
    x25519 = values.get("x25519", 0) * 2
    for label, name in [("in memory", "memory"), ("wireguard-go", "wireguard"),
                        ("in memory, one by one", "memory.sequential"),
                        ("wireguard-go, one by one", "wireguard.sequential")]:
        authenticate = values.get(f"{name}.cpu.authenticate")
        if authenticate is not None:
            picture.bar(label, min(x25519, authenticate), authenticate - x25519, values.get(f"{name}.cpu.lookup"),
                        values.get(f"{name}.cpu.loop"))
    return picture


def throughput_picture(values):
    picture = Picture("Provisions per second", "/s")
    for label, metric in [("in memory", "memory.provisions"),
                          ("in memory, one by one", "memory.sequential.provisions"),
                          ("wireguard-go", "wireguard.provisions"),
                          ("wireguard-go alone, no daemon", "wireguard.alone.peers"),
                          ("wireguard-go, one by one", "wireguard.sequential.provisions"),
                          ("shell hook", "hook.throughput")]:
        picture.bar(label, values.get(metric))
    return picture


def latency_picture(values):
    picture = Picture("From the client's initiation to the gateway's, one key after the other", "ms")
    for label, metric in [("floor, p50", "floor.p50"), ("wg-provisiond, p50", "one_by_one.p50"),
                          ("floor, p99", "floor.p99"), ("wg-provisiond, p99", "one_by_one.p99"),
                          ("shell hook, mean", "hook.time")]:
        picture.bar(label, values.get(metric))
    return picture


def reply_picture(values, prefix, title):
    picture = Picture(title, "ms")
    for name in ["preinstalled", "resubmit", "auto", "reverse"]:
        picture.bar(name, values.get(f"{prefix}.{name}"))
    return picture


def flood_picture(values, figure, title, unit):
    """One bar for each attack and rate with the daemon, and beside it the plain device's."""
    picture = Picture(title, unit)
    for metric in values:
        cell, _, name = metric.partition(".daemon.")
        if name == figure:
            attack, rate = cell.rsplit(".", 1)
            label = f"{attack}, {int(rate):,}/s" if int(rate) else attack
            picture.bar(label, values[metric])
            picture.bar(f"{label}, plain device", values.get(f"{cell}.plain.{figure}"))
    return picture


def flood_cpu_picture(values):
    picture = Picture("Processor time in a flood, % of one core", "%", ["daemon", "device", "PostgreSQL"])
    for metric in values:
        cell, _, name = metric.partition(".cpu.")
        if name == "device":
            attack, rate, who = cell.rsplit(".", 2)
            if who in ("daemon", "plain"):
                label = f"{attack}, {int(rate):,}/s" if int(rate) else attack
                picture.bar(label if who == "daemon" else f"{label}, plain device",
                            *(values.get(f"{cell}.cpu.{part.lower()}", 0) for part in picture.legend))
    return picture


def main():
    folder = pathlib.Path(sys.argv[1])
    values = {}
    for line in sys.stdin:
        figure = json.loads(line)
        values[figure["metric"]] = figure["value"]
    pictures = {
        "provision-cpu": cpu_picture(values),
        "provision-throughput": throughput_picture(values),
        "connect-latency": latency_picture(values),
        "first-reply": reply_picture(values, "first_reply", "First ping reply, wireguard-go"),
        "first-reply-delay-0": reply_picture(values, "guest.delay_0", "First ping reply, emulated kernel, no delay"),
        "first-reply-delay-100": reply_picture(values, "guest.delay_100",
                                               "First ping reply, emulated kernel, 100 ms round trip"),
        "flood-connect": flood_picture(values, "p99", "Until a registered device is up in a flood, p99", "ms"),
        "flood-cpu": flood_cpu_picture(values),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        if picture.bars:
            (folder / f"{name}.svg").write_text(picture.svg())


if __name__ == "__main__":
    main()
