"""A hardened Gradio server: it puts any `gradio.Blocks` on the network, and knows nothing of what the page is about.

- `launch`: start the server (`serve`, `wait`), told of its pages by a `Site`
- `address`: a free host and port; `tunnel`: a public link; `theme`: colours and fonts
- `allowlist`: which requests reach Gradio; `auth`: user and password; `inject`: the page's script in its head
- `uploads`: files that callers name; `temp_files`: where uploads lie, and how long; `sessions`: memory per visitor
- `mcp`: the endpoints as tools of a Model Context Protocol server
"""
