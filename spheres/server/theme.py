"""The page's Gradio theme: plain, in a light and a dark mode, in fonts that the reader's machine has."""

from __future__ import annotations

import gradio as gr

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Liberation Sans", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "Liberation Mono", "monospace")
COLORS = {  # colour in light mode, in dark mode -> variables of Gradio's themes
    ("#faf9f6", "#15171a"): "body_background_fill",
    ("#ffffff", "#1d2024"): (
        "background_fill_primary block_background_fill input_background_fill button_secondary_background_fill"
    ),
    ("#f4f2ec", "#24282d"): "background_fill_secondary",
    ("#f4f2ec", "#2b2f34"): "button_secondary_background_fill_hover",
    ("#1c1b19", "#eceae5"): (
        "body_text_color block_label_text_color block_title_text_color button_secondary_text_color"
    ),
    ("#5c5a55", "#aeaba3"): "body_text_color_subdued block_info_text_color input_placeholder_color",
    ("#dedad1", "#363a40"): "border_color_primary",
    ("#8b877e", "#7d8189"): "input_border_color button_secondary_border_color",
    ("#1b5a93", "#74b3ec"): ("slider_color link_text_color button_primary_background_fill button_primary_border_color"),
    ("#134470", "#a5d0f5"): "button_primary_background_fill_hover button_primary_border_color_hover",
    ("#ffffff", "#10151a"): "button_primary_text_color button_primary_text_color_hover",
}


def theme() -> gr.themes.Base:
    """Gradio's base theme in the colours and fonts above."""
    base = gr.themes.Base(
        primary_hue="blue",
        neutral_hue="stone",
        font=[gr.themes.Font(name) for name in SANS],
        font_mono=[gr.themes.Font(name) for name in MONO],
    )
    light = {name: color for (color, _), names in COLORS.items() for name in names.split()}
    dark = {f"{name}_dark": color for (_, color), names in COLORS.items() for name in names.split()}
    return base.set(**light, **dark, color_accent="#1b5a93", button_border_width="1px")
