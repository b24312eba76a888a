"""Faults of the pages' layers that are known: each test here has to fail, or its row goes.

A row holds the reason, the test and the ids of its cases, with blanks between them. Remove the rows
of a page when you correct its layers. What a framework's own layers can't do is under ``"own"``.
"""

# Cases that would end the process
NOT_RUN = ("1-mxnet-sequences-TransformerBlock",)

KNOWN: dict[str, list[tuple[str, str, str]]] = {
    "depth": [
        ("the static shape has no batch size",
         "test_a_graph_for_any_batch",
         """
         tensorflow-depth-row-training tensorflow-depth-residual-row-training
         tensorflow-depth-stock-training tensorflow-depth-ResidualMLP-training
         """),
        ("the mask, the noise or the weights are float32 or wider",
         "test_half_precision_stays",
         """
         float16-numpy-depth-stock float16-tensorflow-depth-join float16-jax-depth-join
         float16-mxnet-depth-join bfloat16-tensorflow-depth-join bfloat16-jax-depth-join
         """),
        ("the mask is drawn in the default context, not in the input's",
         "test_in_another_context",
         """
         mxnet-depth-join-training
         """),
        ("the mask is drawn on the processor, not where the input is",
         "test_on_another_device",
         """
         pytorch-depth-row-training pytorch-depth-batch-training
         pytorch-depth-residual-row-training pytorch-depth-stock-training
         pytorch-depth-ResidualMLP-training
         """),
        ("the static shape has no batch size",
         "test_trained_by_keras",
         """
         tensorflow-depth-ResidualMLP
         """),
    ],
    "dropconnect": [
        ("the static shape has no batch size",
         "test_a_graph_for_any_batch",
         """
         tensorflow-dropconnect-example-training
         tensorflow-dropconnect-DropConnectLinear-training
         tensorflow-dropconnect-NoisyMLP-training
         """),
        ("the mask, the noise or the weights are float32 or wider",
         "test_half_precision_stays",
         """
         float16-pytorch-dropconnect-example float16-jax-dropconnect-example
         float16-numpy-dropconnect-example float16-pytorch-dropconnect-batch
         float16-jax-dropconnect-batch float16-numpy-dropconnect-batch
         float16-pytorch-dropconnect-DropConnectLinear float16-jax-dropconnect-DropConnectLinear
         float16-numpy-dropconnect-DropConnectLinear float16-pytorch-dropconnect-NoisyMLP
         float16-jax-dropconnect-NoisyMLP bfloat16-pytorch-dropconnect-example
         bfloat16-jax-dropconnect-example bfloat16-pytorch-dropconnect-batch
         bfloat16-jax-dropconnect-batch bfloat16-pytorch-dropconnect-DropConnectLinear
         bfloat16-jax-dropconnect-DropConnectLinear bfloat16-pytorch-dropconnect-NoisyMLP
         bfloat16-jax-dropconnect-NoisyMLP
         """),
        ("the static shape has no batch size",
         "test_in_a_network_of_keras",
         """
         sequential-tensorflow-dropconnect-DropConnectLinear
         functional-tensorflow-dropconnect-DropConnectLinear
         """),
        ("training refuses further axes, evaluation takes them",
         "test_more_axes_are_taken_or_refused_in_both_modes",
         """
         pytorch-dropconnect-DropConnectLinear tensorflow-dropconnect-DropConnectLinear
         jax-dropconnect-DropConnectLinear mxnet-dropconnect-DropConnectLinear
         """),
        ("the mask is drawn on the processor, not where the input is",
         "test_on_another_device",
         """
         pytorch-dropconnect-example-training pytorch-dropconnect-batch-training
         pytorch-dropconnect-DropConnectLinear-training pytorch-dropconnect-NoisyMLP-training
         """),
        ("the static shape has no batch size",
         "test_trained_by_keras",
         """
         tensorflow-dropconnect-NoisyMLP
         """),
    ],
    "dropout": [
        ("the static shape has no batch size",
         "test_a_graph_for_any_batch",
         """
         tensorflow-dropout-DropoutMLPScratch-training
         tensorflow-dropout-DropoutMLPScratch-evaluation
         """),
        ("the mask is drawn in the default context, not in the input's",
         "test_in_another_context",
         """
         mxnet-dropout-dropout_layer-training mxnet-dropout-DropoutMLPScratch-training
         """),
        ("with p = 1 there is no gradient",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-pytorch-dropout-dropout_layer 1-tensorflow-dropout-dropout_layer
         1-pytorch-dropout-DropoutMLPScratch 1-tensorflow-dropout-DropoutMLPScratch
         """),
        ("with p = 1 there is no gradient",
         "test_probability_one_leaves_nothing_and_no_gradient",
         """
         chapters/pytorch/dropout.ipynb-scratch chapters/tensorflow/dropout.ipynb-scratch
         """),
        ("the static shape has no batch size",
         "test_trained_by_keras",
         """
         tensorflow-dropout-DropoutMLPScratch
         """),
    ],
    "sequences": [
        ("the static shape has no batch size",
         "test_a_graph_for_any_batch",
         """
         tensorflow-sequences-zoneout-training tensorflow-sequences-embedding-training
         tensorflow-sequences-RowReader-training tensorflow-sequences-RowReader-evaluation
         """),
        ("the mask, the noise or the weights are float32 or wider",
         "test_half_precision_stays",
         """
         float16-pytorch-sequences-drop float16-tensorflow-sequences-drop
         float16-jax-sequences-drop float16-mxnet-sequences-drop float16-numpy-sequences-drop
         float16-pytorch-sequences-attention float16-tensorflow-sequences-attention
         float16-jax-sequences-attention float16-numpy-sequences-attention
         float16-pytorch-sequences-zoneout float16-tensorflow-sequences-zoneout
         float16-jax-sequences-zoneout float16-mxnet-sequences-zoneout
         float16-numpy-sequences-zoneout float16-pytorch-sequences-embedding
         float16-tensorflow-sequences-embedding float16-jax-sequences-embedding
         float16-mxnet-sequences-embedding float16-numpy-sequences-embedding
         float16-pytorch-sequences-TransformerBlock
         float16-tensorflow-sequences-TransformerBlock float16-jax-sequences-TransformerBlock
         float16-numpy-sequences-TransformerBlock float16-pytorch-sequences-RowReader
         float16-tensorflow-sequences-RowReader float16-jax-sequences-RowReader
         bfloat16-pytorch-sequences-drop bfloat16-tensorflow-sequences-drop
         bfloat16-jax-sequences-drop bfloat16-pytorch-sequences-attention
         bfloat16-tensorflow-sequences-attention bfloat16-jax-sequences-attention
         bfloat16-pytorch-sequences-zoneout bfloat16-tensorflow-sequences-zoneout
         bfloat16-jax-sequences-zoneout bfloat16-pytorch-sequences-embedding
         bfloat16-tensorflow-sequences-embedding bfloat16-jax-sequences-embedding
         bfloat16-pytorch-sequences-TransformerBlock
         bfloat16-tensorflow-sequences-TransformerBlock bfloat16-jax-sequences-TransformerBlock
         bfloat16-pytorch-sequences-RowReader bfloat16-tensorflow-sequences-RowReader
         bfloat16-jax-sequences-RowReader
         """),
        ("the mask is drawn in the default context, not in the input's",
         "test_in_another_context",
         """
         mxnet-sequences-zoneout-training mxnet-sequences-RowReader-training
         mxnet-sequences-RowReader-evaluation
         """),
        ("with p = 1 there is no gradient",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-pytorch-sequences-drop 1-tensorflow-sequences-drop 1-pytorch-sequences-attention
         1-tensorflow-sequences-attention 1-pytorch-sequences-embedding
         1-tensorflow-sequences-embedding
         """),
        ("MXNet's backward pass ends the process",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-mxnet-sequences-TransformerBlock
         """),
        ("the mask is drawn on the processor, not where the input is",
         "test_on_another_device",
         """
         pytorch-sequences-drop-training pytorch-sequences-attention-training
         pytorch-sequences-zoneout-training pytorch-sequences-embedding-training
         pytorch-sequences-TransformerBlock-training pytorch-sequences-RowReader-training
         """),
        ("with p = 1 there is no gradient",
         "test_probability_one_leaves_nothing_and_no_gradient",
         """
         chapters/pytorch/sequences.ipynb-drop chapters/tensorflow/sequences.ipynb-drop
         """),
        ("the static shape has no batch size",
         "test_trained_by_keras",
         """
         tensorflow-sequences-RowReader
         """),
    ],
    "signal": [
        ("the mask is drawn in the default context, not in the input's",
         "test_in_another_context",
         """
         mxnet-signal-train-training mxnet-signal-test-training mxnet-signal-none-training
         mxnet-signal-DropoutLayer-training mxnet-signal-DropoutLayer-test-training
         mxnet-signal-ScalingMLP-training
         """),
        ("the mask is drawn on the processor, not where the input is",
         "test_on_another_device",
         """
         pytorch-signal-train-training pytorch-signal-test-training pytorch-signal-none-training
         pytorch-signal-DropoutLayer-training pytorch-signal-DropoutLayer-test-training
         pytorch-signal-ScalingMLP-training
         """),
    ],
    "solutions": [
        ("the mask, the noise or the weights are float32 or wider",
         "test_half_precision_stays",
         """
         float16-jax-solutions-GaussianDropout float16-mxnet-solutions-GaussianDropout
         bfloat16-jax-solutions-GaussianDropout
         """),
        ("with p = 1 the noise has no finite deviation",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-pytorch-solutions-GaussianDropout 1-jax-solutions-GaussianDropout
         1-mxnet-solutions-GaussianDropout
         """),
    ],
    "spatial": [
        ("the static shape has no batch size",
         "test_a_graph_for_any_batch",
         """
         tensorflow-spatial-spatial_dropout-training tensorflow-spatial-dropblock-training
         tensorflow-spatial-SpatialDropout-training tensorflow-spatial-DropBlock-training
         tensorflow-spatial-SmallCNN-spatial-training tensorflow-spatial-SmallCNN-block-training
         """),
        ("training refuses an empty batch, evaluation takes it",
         "test_an_empty_batch_is_taken_or_refused_in_both_modes",
         """
         pytorch-spatial-SpatialDropout tensorflow-spatial-SpatialDropout
         jax-spatial-SpatialDropout numpy-spatial-SpatialDropout pytorch-spatial-DropBlock
         tensorflow-spatial-DropBlock jax-spatial-DropBlock numpy-spatial-DropBlock
         """),
        ("the static shape has no batch size",
         "test_in_a_network_of_keras",
         """
         sequential-tensorflow-spatial-SpatialDropout sequential-tensorflow-spatial-DropBlock
         functional-tensorflow-spatial-SpatialDropout functional-tensorflow-spatial-DropBlock
         """),
        ("training refuses further axes, evaluation takes them",
         "test_more_axes_are_taken_or_refused_in_both_modes",
         """
         pytorch-spatial-SpatialDropout tensorflow-spatial-SpatialDropout
         jax-spatial-SpatialDropout mxnet-spatial-SpatialDropout numpy-spatial-SpatialDropout
         pytorch-spatial-DropBlock tensorflow-spatial-DropBlock jax-spatial-DropBlock
         mxnet-spatial-DropBlock numpy-spatial-DropBlock
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
        ("the static shape has no batch size",
         "test_trained_by_keras",
         """
         tensorflow-spatial-SmallCNN-spatial tensorflow-spatial-SmallCNN-block
         """),
    ],
    "own": [
        ("Keras' own layer has no gradient for p = 1",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-tensorflow-depth-stock
         """),
        ("MXNet's own layer returns nan for p = 1",
         "test_nothing_and_everything_dropped_have_a_gradient",
         """
         1-mxnet-depth-stock
         """),
        ("Keras' own layer has no gradient for p = 1",
         "test_probability_one_leaves_nothing_and_no_gradient",
         """
         chapters/tensorflow/dropout.ipynb-stock
         """),
    ],
}  # fmt: skip
