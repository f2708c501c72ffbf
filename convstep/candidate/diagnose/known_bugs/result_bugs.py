"""What is done to sums afterwards: axes, averages, shapes, and the order of return."""

from __future__ import annotations

from convstep.candidate.diagnose.known_bugs.bug import ALL, KnownBug, Variant
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes

_DB = ("db",)

BUGS = (
    KnownBug(
        id="db-wrong-axes",
        title="db is summed over the wrong axes",
        wrong="db = dZ.sum(axis=(1, 2))   # of (N, H_out, W_out, C_out)",
        right="db = dZ.sum(axis=(0, 1, 2))",
        explanation=(
            "db has one number for each filter: dZ summed over everything but the channels. Which axes "
            "those are depends on the layout: (0, 1, 2) with channels last, (0, 2, 3) with channels "
            "first. Other axes leave samples, rows or columns standing, or sum the channels away. The "
            "wrong shape gives it away unless sizes happen to be equal or the result is broadcast into "
            "db."
        ),
        symptom="db alone is wrong, mostly in its shape",
        sources=("deeplearning4j#8280",),
        variants=(
            Variant(_DB, Mistakes(db_keeps="total"), "the sum over all channels in each of them"),
            Variant(_DB, Mistakes(db_keeps="none"), "summed over everything"),
            Variant(_DB, Mistakes(db_keeps="NC"), "not summed over samples"),
            Variant(_DB, Mistakes(db_keeps="HC"), "not summed over rows"),
            Variant(_DB, Mistakes(db_keeps="WC"), "not summed over columns"),
            Variant(_DB, Mistakes(db_keeps="HWC"), "summed over samples only"),
            Variant(_DB, Mistakes(db_keeps="CHW"), "summed over samples only, channels first"),
            Variant(_DB, Mistakes(db_keeps="N"), "one number per sample"),
            Variant(_DB, Mistakes(db_keeps="H"), "one number per row"),
            Variant(_DB, Mistakes(db_keeps="W"), "one number per column"),
            Variant(_DB, Mistakes(db_keeps="HW"), "one number per position"),
            Variant(_DB, Mistakes(db_keeps="NHWC"), "not summed at all"),
        ),
    ),
    KnownBug(
        id="db-mean",
        title="db is a mean instead of a sum",
        wrong="db = dZ.mean(axis=(0, 1))",
        right="db = dZ.sum(axis=(0, 1))",
        explanation=(
            "The bias is added at every output position, so its gradient is the sum of dZ over all of "
            "them. A mean is smaller by a factor that depends on the sizes alone: the number of positions, "
            "of samples, or of both. If the loss is averaged over the batch, dZ contains that factor "
            "already. Divide the two results: the ratio is the same in every channel."
        ),
        symptom="db off by a constant ratio",
        sources=("kvfrans/notes#5",),
        variants=(
            Variant(_DB, Mistakes(scale="1/(N*H_out*W_out)"), "divided by N*H_out*W_out"),
            Variant(_DB, Mistakes(scale="1/(H_out*W_out)"), "divided by H_out*W_out"),
            Variant(_DB, Mistakes(scale="1/N"), "divided by N"),
        ),
    ),
    KnownBug(
        id="averaged",
        title="an average is taken that does not belong here",
        wrong="return dW / N, db / N, dA_prev / N",
        right="return dW, db, dA_prev   # dZ has the 1/N of the loss already",
        explanation=(
            "A convolution's backward only sums. The 1/N of a loss averaged over the batch comes in with "
            "dZ; dividing again makes the step N times too small. Dividing by the number of positions or of "
            "taps is the same slip. Directions are right, so training works, slowly. The ratio to the "
            "right gradient is one number for all cells."
        ),
        symptom="a constant ratio in all gradients",
        sources=("cTensor#3",),
        variants=(
            Variant(ALL, Mistakes(scale="1/N"), "divided by N"),
            Variant(ALL, Mistakes(scale="1/(H_out*W_out)"), "divided by H_out*W_out"),
            Variant(ALL, Mistakes(scale="1/(N*H_out*W_out)"), "divided by N*H_out*W_out"),
            Variant(ALL, Mistakes(scale="1/(F_h*F_w)"), "divided by F_h*F_w"),
            Variant(ALL, Mistakes(scale="1/C_out"), "divided by C_out"),
            Variant(ALL, Mistakes(scale="1/C_in"), "divided by C_in"),
        ),
    ),
    KnownBug(
        id="db-shape",
        title="db has the right values in the wrong shape",
        wrong="db = dZ.sum(axis=(0, 1)).reshape(-1, 1)",
        right="db = dZ.sum(axis=(0, 1))",
        explanation=(
            "Every number is right, but axes of length 1 were kept, or the values were repeated over "
            "rows, columns or samples. An update such as b -= rate * db may then broadcast b to a matrix, "
            "far from here. A db of (C_out,) is right, and (1, 1, 1, C_out) if b has that shape."
        ),
        symptom="db has the right values in a shape that is not b's",
        sources=("survey",),
        variants=(
            Variant(_DB, Mistakes(db_shape="(C, 1)"), "(C_out, 1)"),
            Variant(_DB, Mistakes(db_shape="(1, C)"), "(1, C_out)"),
            Variant(_DB, Mistakes(db_shape="(1, 1, C)"), "(1, 1, C_out)"),
            Variant(_DB, Mistakes(db_shape="(C, 1, 1)"), "(C_out, 1, 1)"),
            Variant(_DB, Mistakes(db_shape="(C, 1, 1, 1)"), "(C_out, 1, 1, 1)"),
            Variant(_DB, Mistakes(db_shape="(H_out, W_out, C)"), "repeated over every position"),
            Variant(_DB, Mistakes(db_shape="(N, H_out, W_out, C)"), "repeated in the shape of dZ"),
            Variant(_DB, Mistakes(db_shape="(N, C)"), "repeated for every sample"),
            Variant(_DB, Mistakes(db_shape="(C, C)"), "repeated for every channel"),
        ),
    ),
    KnownBug(
        id="wrong-order",
        title="the gradients are returned in another order",
        wrong="return dA_prev, dW, db",
        right="return dW, db, dA_prev",
        explanation=(
            "Each gradient is right, but not where the caller looks for it. The article returns dW, db, "
            "dA_prev; the courses return dA_prev, dW, db. Everything seems wrong, and the shapes are "
            "those of the other gradients. Compare the shapes with W, b and A_prev."
        ),
        symptom="everything is wrong, and the shapes are permuted",
        seen_by="the order of what is returned",
    ),
    KnownBug(
        id="forward-wrong",
        title="the forward it is paired with is wrong",
        wrong="Z[i_h, i_w, i_c] = np.sum(a_slice * W[i_c] + b[i_c])",
        right="Z[i_h, i_w, i_c] = np.sum(a_slice * W[i_c]) + b[i_c]",
        explanation=(
            "A backward can be the exact derivative of its own forward and still differ from the "
            "reference, because that forward is not this convolution: the bias is inside the sum, the "
            "padding or the stride differs, or the cache holds changed arrays. Fix the forward first; "
            "check it alone on the same problem."
        ),
        symptom="the backward looks wrong everywhere, and so is Z",
        sources=("deeplearning.ai t/209979",),
        seen_by="its own forward",
    ),
)
"""Bugs of this kind."""
