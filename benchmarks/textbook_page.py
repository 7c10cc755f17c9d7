"""The same page as a tutorial writes it, for `benchmarks/live.py`: python benchmarks/textbook_page.py FOLDER --port P

Everything in one function of all inputs, so that the slider runs the encoder again; float32, each text padded to the
window. The head's weights are random: they cost the same.
"""

import sys

import gradio as gr
import torch
from transformers import AutoModel, AutoTokenizer

folder, port = sys.argv[1], int(sys.argv[3])
groups = ["physics", "math", "cs", "q-bio", "q-fin", "stat", "eess", "econ"]
tokenizer = AutoTokenizer.from_pretrained(folder)
encoder = AutoModel.from_pretrained(folder).float().eval()
head = torch.nn.Sequential(torch.nn.Linear(384, 256), torch.nn.ReLU(), torch.nn.Linear(256, 8), torch.nn.Softmax(-1))


def classify(title, abstract, threshold):
    batch = tokenizer(title, abstract, padding="max_length", truncation=True, max_length=256, return_tensors="pt")
    with torch.no_grad():
        probabilities = head(encoder(**batch).last_hidden_state.mean(dim=1))[0]
    chosen, total = {}, 0.0
    for place in probabilities.argsort(descending=True).tolist():
        chosen[groups[place]] = probabilities[place].item()
        total += chosen[groups[place]]
        if total >= threshold:
            break
    return chosen


inputs = [gr.Textbox(label="Title"), gr.Textbox(label="Abstract", lines=9), gr.Slider(0.5, 1.0, 0.95)]
gr.Interface(classify, inputs, gr.Label()).launch(server_port=port, quiet=True)
