"""Faults of the pages' layers that are known: each test here has to fail, or its row goes.

A row holds the reason, the test and the ids of its cases, with blanks between them. Remove the rows
of a page when you correct its layers. What a framework's own layers can't do is under ``"own"``.
"""

KNOWN: dict[str, list[tuple[str, str, str]]] = {
    "drop_path": [
        ("the mask, the noise or the weights are float32 or wider",
         "test_half_precision_stays",
         """
         float16-numpy-drop_path-stock
         """),
        ("the mask is drawn in the default context, not in the input's",
         "test_in_another_context",
         """
         mxnet-drop_path-join-training
         """),
    ],
    "dropblock": [
        ("training refuses an empty batch, evaluation takes it",
         "test_an_empty_batch_is_taken_or_refused_in_both_modes",
         """
         pytorch-dropblock-DropBlock tensorflow-dropblock-DropBlock jax-dropblock-DropBlock
         numpy-dropblock-DropBlock
         """),
        ("training refuses further axes, evaluation takes them",
         "test_more_axes_are_taken_or_refused_in_both_modes",
         """
         pytorch-dropblock-DropBlock tensorflow-dropblock-DropBlock jax-dropblock-DropBlock
         mxnet-dropblock-DropBlock numpy-dropblock-DropBlock
         """),
    ],
    "sequences": [
        ("the mask, the noise or the weights are float32 or wider",
         "test_half_precision_stays",
         """
         float16-numpy-sequences-TransformerBlock
         """),
    ],
    "solutions_dropout": [
        ("the mask, the noise or the weights are float32 or wider",
         "test_half_precision_stays",
         """
         float16-jax-solutions_dropout-GaussianDropout
         float16-mxnet-solutions_dropout-GaussianDropout
         bfloat16-jax-solutions_dropout-GaussianDropout
         """),
        ("with p = 1 the noise has no finite deviation",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-pytorch-solutions_dropout-GaussianDropout 1-jax-solutions_dropout-GaussianDropout
         1-mxnet-solutions_dropout-GaussianDropout
         """),
    ],
    "spatial": [
        ("training refuses an empty batch, evaluation takes it",
         "test_an_empty_batch_is_taken_or_refused_in_both_modes",
         """
         pytorch-spatial-SpatialDropout tensorflow-spatial-SpatialDropout
         jax-spatial-SpatialDropout numpy-spatial-SpatialDropout
         """),
        ("training refuses further axes, evaluation takes them",
         "test_more_axes_are_taken_or_refused_in_both_modes",
         """
         pytorch-spatial-SpatialDropout tensorflow-spatial-SpatialDropout
         jax-spatial-SpatialDropout mxnet-spatial-SpatialDropout numpy-spatial-SpatialDropout
         """),
        ("with p = 1 there is no gradient",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-pytorch-spatial-spatial_dropout 1-tensorflow-spatial-spatial_dropout
         1-pytorch-spatial-SpatialDropout 1-tensorflow-spatial-SpatialDropout
         """),
        ("with p = 1 there is no gradient",
         "test_probability_one_leaves_nothing_and_no_gradient",
         """
         chapters/pytorch/spatial.ipynb-spatial chapters/tensorflow/spatial.ipynb-spatial
         """),
    ],
    "own": [
        ("Keras' own layer has no gradient for p = 1",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-tensorflow-drop_path-stock
         """),
        ("MXNet's own layer returns nan for p = 1",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-mxnet-drop_path-stock
         """),
        ("Keras' own layer has no gradient for p = 1",
         "test_probability_one_leaves_nothing_and_no_gradient",
         """
         chapters/tensorflow/dropout.ipynb-stock
         """),
    ],
}  # fmt: skip
