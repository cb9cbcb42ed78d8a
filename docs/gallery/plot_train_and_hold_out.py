"""
Train on some trajectories, test on another
===========================================

A held-out trajectory is not used in any way, so its score is the one to expect for new structures.
"""

import matplotlib.pyplot as plt
import numpy as np

import nearedge

data = nearedge.load_dataset("li3feo35")
few = data.select(np.isin(data.trajectory, [f"rocksalt-1-00{number}" for number in range(6)]))
model = nearedge.train(few, "classifier", hold_out=["rocksalt-1-005"], seed=1)
scores = nearedge.evaluate(model, few, only=["rocksalt-1-005"])
right, majority = scores.accuracy, scores.baseline_accuracy
print(f"{scores.n} sites, right: {right:.2f}; always the most common: {majority:.2f}")

# %%
# Which environments are confused:

matrix = np.array(scores.confusion["matrix"])
figure, axes = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
axes.imshow(matrix, cmap="Blues")
for (row, column), count in np.ndenumerate(matrix):
    axes.text(column, row, count, ha="center", va="center")
axes.set_xticks(range(len(matrix)), scores.confusion["classes"])
axes.set_yticks(range(len(matrix)), scores.confusion["classes"])
axes.set(xlabel="predicted", ylabel="true")
