"""Layers as people write them: made, run forward and back in many spellings. Those named Wrong... are."""
import dataclasses

import numpy as np


def gradients(x, w, dout, stride, pad):
    """dx, dw, db of (N, C, H, W) and (F, C, K, L)."""
    H, W, K, L = x.shape[2:] + w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            a, b = slice(i * stride, i * stride + K), slice(j * stride, j * stride + L)
            dw += np.einsum("nf,nchw->fchw", dout[:, :, i, j], xp[:, :, a, b])
            dx[:, :, a, b] += np.einsum("nf,fchw->nchw", dout[:, :, i, j], w)
    return dx[:, :, pad : pad + H, pad : pad + W], dw, dout.sum((0, 2, 3))


def convolve(x, w, b, stride, pad):
    """The output, (N, F, ...)."""
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(xp, w.shape[2:], (2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwkl,fckl->nfhw", windows, w) + (0 if b is None else b.reshape(1, -1, 1, 1))


def im2col(x, kh, kw, s, p):
    xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    windows = np.lib.stride_tricks.sliding_window_view(xp, (kh, kw), (2, 3))[:, :, ::s, ::s]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * kh * kw)


def col2im(col, shape, kh, kw, s, p):
    N, C, H, W = shape
    oh, ow = (H + 2 * p - kh) // s + 1, (W + 2 * p - kw) // s + 1
    col = col.reshape(N, oh, ow, C, kh, kw).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * p + s - 1, W + 2 * p + s - 1))
    for y in range(kh):
        for x in range(kw):
            img[:, :, y : y + s * oh : s, x : x + s * ow : s] += col[:, :, y, x]
    return img[:, :, p : H + p, p : W + p]

class Convolution:  # the fish book
    def __init__(self, W, b, stride=1, pad=0):
        self.W=W; self.b=b; self.stride=stride; self.pad=pad
        self.x=None; self.col=None; self.col_W=None; self.dW=None; self.db=None
    def forward(self,x):
        FN,C,FH,FW=self.W.shape; N,C,H,W=x.shape
        oh=1+int((H+2*self.pad-FH)/self.stride); ow=1+int((W+2*self.pad-FW)/self.stride)
        col=im2col(x,FH,FW,self.stride,self.pad); col_W=self.W.reshape(FN,-1).T
        out=(np.dot(col,col_W)+self.b).reshape(N,oh,ow,-1).transpose(0,3,1,2)
        self.x=x; self.col=col; self.col_W=col_W
        return out
    def backward(self,dout):
        FN,C,FH,FW=self.W.shape; dout=dout.transpose(0,2,3,1).reshape(-1,FN)
        self.db=np.sum(dout,axis=0); self.dW=np.dot(self.col.T,dout).transpose(1,0).reshape(FN,C,FH,FW)
        return col2im(np.dot(dout,self.col_W.T),self.x.shape,FH,FW,self.stride,self.pad)

class FlatKernels:
    def __init__(self, X_dim, n_filter, h_filter, w_filter, stride, padding):
        self.d_X,self.h_X,self.w_X=X_dim; self.n_filter,self.h_filter,self.w_filter=n_filter,h_filter,w_filter
        self.stride,self.padding=stride,padding
        self.W=np.random.randn(n_filter,self.d_X,h_filter,w_filter)/np.sqrt(n_filter/2.); self.b=np.zeros((self.n_filter,1))
        self.params=[self.W,self.b]
        self.h_out=(self.h_X-h_filter+2*padding)/stride+1; self.w_out=(self.w_X-w_filter+2*padding)/stride+1
        if not self.h_out.is_integer() or not self.w_out.is_integer(): raise Exception("Invalid dimensions!")
        self.h_out,self.w_out=int(self.h_out),int(self.w_out)
    def forward(self,X):
        self.X=X; return convolve(X,self.W,self.b,self.stride,self.padding)
    def backward(self,dout):
        dx,dw,db=gradients(self.X,self.W,dout,self.stride,self.padding)
        return dx,[dw,db.reshape(self.n_filter,-1)]

class Conv3x3:  # planes in, planes x filters out, in-place update
    def __init__(self,num_filters):
        self.num_filters=num_filters; self.filters=np.random.randn(num_filters,3,3)/9
    def iterate_regions(self,image):
        h,w=image.shape
        for i in range(h-2):
            for j in range(w-2): yield image[i:i+3,j:j+3],i,j
    def forward(self,input):
        self.last_input=input; h,w=input.shape; out=np.zeros((h-2,w-2,self.num_filters))
        for r,i,j in self.iterate_regions(input): out[i,j]=np.sum(r*self.filters,axis=(1,2))
        return out
    def backprop(self,d_L_d_out,learn_rate):
        g=np.zeros(self.filters.shape)
        for r,i,j in self.iterate_regions(self.last_input):
            for f in range(self.num_filters): g[f]+=d_L_d_out[i,j,f]*r
        self.filters-=learn_rate*g
        return None

class Keras:
    def __init__(self, n_filters, filter_shape, input_shape=None, padding='same', stride=1):
        self.n_filters,self.filter_shape,self.padding,self.stride,self.input_shape,self.trainable=n_filters,filter_shape,padding,stride,input_shape,True
    def set_input_shape(self,shape): self.input_shape=shape
    def initialize(self, optimizer):
        h,w=self.filter_shape; c=self.input_shape[0]
        self.W=np.random.uniform(-1,1,size=(self.n_filters,c,h,w)); self.w0=np.zeros((self.n_filters,1))
        self.W_opt=optimizer; self.w0_opt=optimizer
    def _p(self): return 0 if self.padding=='valid' else self.filter_shape[0]//2
    def forward_pass(self,X,training=True):
        self.layer_input=X; return convolve(X,self.W,self.w0,self.stride,self._p())
    def backward_pass(self,accum_grad):
        dx,gw,gb=gradients(self.layer_input,self.W,accum_grad,self.stride,self._p())
        if self.trainable:
            self.W=self.W_opt.update(self.W,gw); self.w0=self.w0_opt.update(self.w0,gb[:,None])
        return dx

class Param:
    def __init__(self,data): self.data=data; self.grad=np.zeros_like(data)

class WithParameters:
    def __init__(self,in_planes,out_planes,ksize,stride=1,pad=0,bias=True):
        self.s,self.p=stride,pad; self.weight=Param(np.random.randn(out_planes,in_planes,ksize,ksize)); self.bias=Param(np.zeros(out_planes)) if bias else None
    def __call__(self,x): return self.forward(x)
    def forward(self,x): self.x=x; return convolve(x,self.weight.data,self.bias.data if self.bias else None,self.s,self.p)
    def backward(self,grad):
        dx,dw,db=gradients(self.x,self.weight.data,grad,self.s,self.p)
        self.weight.grad=dw
        if self.bias: self.bias.grad=db
        return dx

class Momentum:
    def __init__(self,in_ch,out_ch,k,s=1,p=0,lr=0.01,momentum=0.9):
        self.W=np.random.randn(out_ch,in_ch,k,k).astype(np.float32); self.b=np.zeros(out_ch,dtype=np.float32)
        self.vW=np.zeros_like(self.W); self.vb=np.zeros_like(self.b); self.lr,self.mu,self.s,self.p=lr,momentum,s,p
    def forward(self,x): self.x=x; return convolve(x,self.W,self.b,self.s,self.p)
    def backward(self,d):
        dx,dw,db=gradients(self.x,self.W,d,self.s,self.p)
        self.vW=self.mu*self.vW+self.lr*dw; self.vb=self.mu*self.vb+self.lr*db
        self.W-=self.vW; self.b-=self.vb
        return dx

class Update:
    def __init__(self,n_C_prev,n_C,f,stride,pad):
        self.K=np.random.randn(f,f,n_C_prev,n_C); self.B=np.zeros((1,1,1,n_C)); self.s,self.p=stride,pad
    def forward(self,A): self.A=A; return convolve(A.transpose(0,3,1,2),self.K.transpose(3,2,0,1),self.B.ravel(),self.s,self.p).transpose(0,2,3,1)
    def backward(self,dZ):
        dx,self._a,self._c=gradients(self.A.transpose(0,3,1,2),self.K.transpose(3,2,0,1),dZ.transpose(0,3,1,2),self.s,self.p)
        return dx.transpose(0,2,3,1)
    def update(self,learning_rate):
        self.K-=learning_rate*self._a.transpose(2,3,1,0); self.B-=learning_rate*self._c.reshape(1,1,1,-1)

class ListOfFilters:
    def __init__(self,num_filters,filter_size,input_depth,stride=1):
        self.filters=[np.random.randn(input_depth,filter_size,filter_size) for _ in range(num_filters)]; self.biases=[0.0]*num_filters; self.stride=stride
    def forward(self,x): self.x=x; return convolve(x[None],np.array(self.filters),np.array(self.biases),self.stride,0)[0]
    def backward(self,grad):
        dx,dw,db=gradients(self.x[None],np.array(self.filters),grad[None],self.stride,0)
        self.d_filters=[d for d in dw]; self.d_biases=list(db)
        return dx[0]

class Lazy:
    def __init__(self,filters,kernel_size,strides=(1,1),padding="valid",activation="relu",use_bias=False):
        self.filters,self.kernel_size,self.strides,self.padding=filters,kernel_size,strides,padding; self.kernel=None
        self.act={"linear":lambda z:z,"relu":lambda z:np.maximum(z,0)}[activation]; self.use_bias=use_bias
    def _p(self): return (self.kernel_size[0]-1)//2 if self.padding=="same" else 0
    def build(self,input_shape):
        self.kernel=np.random.randn(self.kernel_size[0],self.kernel_size[1],input_shape[-1],self.filters); self.bias=np.zeros(self.filters)
    def call(self,inputs):
        if self.kernel is None: self.build(inputs.shape)
        self.inputs=inputs
        return self.act(convolve(inputs.transpose(0,3,1,2),self.kernel.transpose(3,2,0,1),self.bias,self.strides[0],self._p()).transpose(0,2,3,1))
    def backward(self,grad):
        dx,dw,db=gradients(self.inputs.transpose(0,3,1,2),self.kernel.transpose(3,2,0,1),grad.transpose(0,3,1,2),self.strides[0],self._p())
        return {"dx":dx.transpose(0,2,3,1),"dW":dw.transpose(2,3,1,0),"db":db}

class Config:
    def __init__(self,config):
        self.c=config; self.W=np.random.randn(config["out_channels"],config["in_channels"],config["kernel_size"],config["kernel_size"]); self.b=np.zeros(config["out_channels"])
        self.s=config.get("stride",1); self.p=config.get("padding",0)
    def feed_forward(self,x): self.x=x; return convolve(x,self.W,self.b,self.s,self.p)
    def back_propagate(self,delta): dx,self.gW,self.gB=gradients(self.x,self.W,delta,self.s,self.p); return dx

class NoNames:
    def __init__(self,a,b,c,d=1,e=0): self.t=np.random.randn(b,a,c,c); self.u=np.zeros(b); self.d,self.e=d,e
    def forward(self,q): self.q=q; return convolve(q,self.t,self.u,1,0)
    def backward(self,r): dx,dt,du=gradients(self.q,self.t,r,1,0); return dx,dt,du

class PositionalOnly:
    __slots__=("w","b","s","p","x","dw","db")
    def __init__(self,ci,co,k,s=1,p=0,/): self.w=np.random.randn(co,ci,k,k); self.b=np.zeros((1,co,1,1)); self.s,self.p=s,p
    def __call__(self,x): self.x=x; return convolve(x,self.w,self.b,self.s,self.p)
    def bprop(self,dy): dx,self.dw,db=gradients(self.x,self.w,dy,self.s,self.p); self.db=db.reshape(self.b.shape); return dx

class ForwardTakesKernels:
    def __init__(self,stride=1,padding=0): self.stride,self.padding=stride,padding
    def forward(self,x,w,b): self.saved=x,w; return convolve(x,w,b,self.stride,self.padding)
    def backward(self,dout): return gradients(*self.saved,dout,self.stride,self.padding)

class Hwc:
    def __init__(self,shape,depth,size=3,learning_rate=0.01):
        self.H,self.W,self.C=shape; self.kernels=np.random.randn(depth,size,size,self.C); self.bias=np.zeros(depth); self.learning_rate=learning_rate
    def forward(self,img): self.img=img; return convolve(img.transpose(2,0,1)[None],self.kernels.transpose(0,3,1,2),self.bias,1,0)[0].transpose(1,2,0)
    def backward(self,grad):
        dx,dw,db=gradients(self.img.transpose(2,0,1)[None],self.kernels.transpose(0,3,1,2),grad.transpose(2,0,1)[None],1,0)
        self.kernels-=self.learning_rate*dw.transpose(0,2,3,1); self.bias-=self.learning_rate*db
        return dx[0].transpose(1,2,0)

class Kwargs:
    def __init__(self,**kwargs):
        C=kwargs["in_channels"]; F=kwargs["num_filters"]; k=kwargs["kernel_size"]; self.stride=kwargs.get("stride",1); self.pad=kwargs.get("pad",0)
        self.parameters={"weights":np.random.randn(F,C,k,k),"bias":np.zeros((F,1,1))}
    def forward(self,x): self.x=x; return convolve(x,self.parameters["weights"],self.parameters["bias"],self.stride,self.pad)
    def backward(self,x,grad_output):
        dx,dw,db=gradients(x,self.parameters["weights"],grad_output,self.stride,self.pad); self.gradients={"weights":dw,"bias":db}; return dx

class GradsList:
    def __init__(self,c_in,c_out,k_h,k_w,stride=1): self.params=[np.random.randn(c_out,c_in,k_h,k_w),np.zeros(c_out)]; self.grads=[None,None]; self.stride=stride
    def forward(self,x): self.x=x; return convolve(x,self.params[0],self.params[1],self.stride,0)
    def backward(self,dout): dx,self.grads[0],self.grads[1]=gradients(self.x,self.params[0],dout,self.stride,0); return dx

class Col:  # kernels kept flat, (C*k*k, F)
    def __init__(self,in_channels,out_channels,kernel_size,stride=1,padding=0):
        self.k,self.s,self.p,self.F,self.C=kernel_size,stride,padding,out_channels,in_channels
        self.W=np.random.randn(in_channels*kernel_size**2,out_channels); self.b=np.zeros(out_channels)
    def forward(self,x):
        self.x=x; self.cols=im2col(x,self.k,self.k,self.s,self.p); N,_,H,W=x.shape
        oh=(H+2*self.p-self.k)//self.s+1; ow=(W+2*self.p-self.k)//self.s+1
        return (self.cols@self.W+self.b).reshape(N,oh,ow,self.F).transpose(0,3,1,2)
    def backward(self,dout):
        d=dout.transpose(0,2,3,1).reshape(-1,self.F); self.dW=self.cols.T@d; self.db=d.sum(0)
        return col2im(d@self.W.T,self.x.shape,self.k,self.k,self.s,self.p)

class ColLast:  # flat, rows then columns then channels
    def __init__(self,in_channels,out_channels,kernel_size):
        self.k,self.F,self.C=kernel_size,out_channels,in_channels; self.weights=np.random.randn(out_channels,kernel_size**2*in_channels); self.b=np.zeros((out_channels,1))
    def _w(self): return self.weights.reshape(self.F,self.k,self.k,self.C).transpose(0,3,1,2)
    def forward(self,x): self.x=x; return convolve(x,self._w(),self.b,1,0)
    def backward(self,dout): dx,dw,db=gradients(self.x,self._w(),dout,1,0); self.dweights=dw.transpose(0,2,3,1).reshape(self.F,-1); self.db=db[:,None]; return dx

class Base:
    def __init__(self): self.params={}; self.grads={}
    def zero_grad(self):
        for k in self.grads: self.grads[k]=np.zeros_like(self.grads[k])

class Accumulates(Base):
    def __init__(self,in_channels,out_channels,kernel_size,padding=0):
        super().__init__(); self.p=padding; self.params["W"]=np.zeros((out_channels,in_channels,kernel_size,kernel_size)); self.params["b"]=np.zeros(out_channels)
        self.grads={k:np.zeros_like(v) for k,v in self.params.items()}
    def forward(self,x): self.x=x; return convolve(x,self.params["W"],self.params["b"],1,self.p)
    def backward(self,dout):
        dx,dw,db=gradients(self.x,self.params["W"],dout,1,self.p); self.grads["W"]+=dw; self.grads["b"]+=db; return dx

class Tied:
    def __init__(self,input_channels,output_channels,kernel_shape=(3,3),stride=(1,1),padding=(0,0),weight_init=None,activation=None):
        self.stride,self.padding=stride,padding; init=weight_init or (lambda s: np.random.standard_normal(s))
        self._weight=init((output_channels,input_channels,*kernel_shape)); self._bias=np.zeros(output_channels); self.cache={}
    def forward(self,X,is_training=False): self.cache["X"]=X; return convolve(X,self._weight,self._bias,self.stride[0],self.padding[0])
    def backward(self,dY,retain=True):
        dx,dw,db=gradients(self.cache["X"],self._weight,dY,self.stride[0],self.padding[0]); self._dweight,self._dbias=dw,db; return dx

class ReturnsAll:
    def __init__(self,in_dim,out_dim,filter_size,stride,pad): self.weight=np.random.randn(filter_size,filter_size,in_dim,out_dim); self.bias=np.zeros(out_dim); self.h=(stride,pad)
    def forward(self,x): self.x=x; return convolve(x.transpose(0,3,1,2),self.weight.transpose(3,2,0,1),self.bias,*self.h).transpose(0,2,3,1), ("cache",x)
    def backward(self,dout,cache):
        dx,dw,db=gradients(cache[1].transpose(0,3,1,2),self.weight.transpose(3,2,0,1),dout.transpose(0,3,1,2),*self.h)
        return dw.transpose(2,3,1,0),db,dx.transpose(0,2,3,1)

class InputSize:
    def __init__(self,input_height,input_width,channel_number,filter_width,filter_height,filter_number,zero_padding,stride,learning_rate):
        self.filters=[Filter(filter_width,filter_height,channel_number) for _ in range(filter_number)]; self.zp,self.stride,self.lr=zero_padding,stride,learning_rate
        self.W=(input_width,); 
    def forward(self,input_array): self.input_array=input_array; return convolve(input_array[None],np.array([f.weights for f in self.filters]),np.array([f.bias for f in self.filters]),self.stride,self.zp)[0]
    def backward(self,sensitivity_array):
        dx,dw,db=gradients(self.input_array[None],np.array([f.weights for f in self.filters]),sensitivity_array[None],self.stride,self.zp)
        for f,a,b in zip(self.filters,dw,db): f.weights_grad,f.bias_grad=a,b
        self.delta_array=dx[0]

class Filter:
    def __init__(self,width,height,depth): self.weights=np.random.uniform(-1,1,(depth,height,width)); self.bias=0; self.weights_grad=np.zeros(self.weights.shape); self.bias_grad=0

class SetOutside:
    def __init__(self,filters,kernel,stride,padding): self.kernel,self.stride,self.padding=kernel,stride,padding
    def forward(self,A): self.A=A
    def backward(self,dZ):
        s,p,(f_h,f_w)=self.stride,self.padding,self.kernel
        dx,dw,db=gradients(self.A.transpose(0,3,1,2),self.W.transpose(0,3,1,2),dZ.transpose(0,3,1,2),s,p); self.dW=dw.transpose(0,2,3,1); self.db=db; return dx.transpose(0,2,3,1)

class Adam:
    """gradients in attributes and an update with adam inside"""
    def __init__(self,in_channels,out_channels,kernel_size,stride=1,padding=0,learning_rate=1e-3):
        self.W=np.random.randn(out_channels,in_channels,kernel_size,kernel_size); self.b=np.zeros(out_channels); self.s,self.p,self.learning_rate=stride,padding,learning_rate
        self.mW,self.vW,self.mb,self.vb=np.zeros_like(self.W),np.zeros_like(self.W),np.zeros_like(self.b),np.zeros_like(self.b); self.t=0
    def forward(self,x): self.x=x; return convolve(x,self.W,self.b,self.s,self.p)
    def backward(self,dout):
        dx,self.dW,self.db=gradients(self.x,self.W,dout,self.s,self.p); self.t+=1
        for p,g,m,v in ((self.W,self.dW,self.mW,self.vW),(self.b,self.db,self.mb,self.vb)):
            m[...]=.9*m+.1*g; v[...]=.999*v+.001*g*g; p-=self.learning_rate*m/(np.sqrt(v)+1e-8)
        return dx

class AdamOnly(Adam):
    def backward(self,dout):
        dx,dW,db=gradients(self.x,self.W,dout,self.s,self.p)
        self.mW=.9*self.mW+.1*dW; self.vW=.999*self.vW+.001*dW**2; self.W-=self.learning_rate*self.mW/(np.sqrt(self.vW)+1e-8); self.b-=self.learning_rate*db
        return dx

class Hyper:
    def __init__(self, hparams): self.stride,self.pad,self.f,self.n_C,self.n_C_prev=hparams["stride"],hparams["pad"],hparams["f"],hparams["n_C"],hparams["n_C_prev"]; self.initialize_parameters()
    def initialize_parameters(self): self.parameters={"W":np.random.randn(self.f,self.f,self.n_C_prev,self.n_C)*.01,"b":np.zeros((1,1,1,self.n_C))}
    def forward(self,A_prev): self.A=A_prev; return convolve(A_prev.transpose(0,3,1,2),self.parameters["W"].transpose(3,2,0,1),self.parameters["b"].ravel(),self.stride,self.pad).transpose(0,2,3,1)
    def backward(self,dZ):
        dx,dw,db=gradients(self.A.transpose(0,3,1,2),self.parameters["W"].transpose(3,2,0,1),dZ.transpose(0,3,1,2),self.stride,self.pad)
        return dx.transpose(0,2,3,1),dw.transpose(2,3,1,0),db.reshape(1,1,1,-1)

class TfSame:
    def __init__(self,filters,kernel_size,strides=1,padding="SAME",input_channels=3): self.k,self.s,self.padding=kernel_size,strides,padding; self.W=np.random.randn(kernel_size,kernel_size,input_channels,filters); self.b=np.zeros(filters)
    def _pads(self,n):
        if self.padding=="VALID": return 0,0
        t=max((-(-n//self.s)-1)*self.s+self.k-n,0); return t//2,t-t//2
    def forward(self,x):
        self.x=x; self.pads=[self._pads(n) for n in x.shape[1:3]]; self.xp=np.pad(x,((0,0),*self.pads,(0,0)))
        return convolve(self.xp.transpose(0,3,1,2),self.W.transpose(3,2,0,1),self.b,self.s,0).transpose(0,2,3,1)
    def backward(self,dy):
        dx,dw,self.db=gradients(self.xp.transpose(0,3,1,2),self.W.transpose(3,2,0,1),dy.transpose(0,3,1,2),self.s,0); self.dW=dw.transpose(2,3,1,0)
        dx=dx.transpose(0,2,3,1); (t,_),(l,_)=self.pads; return dx[:,t:t+self.x.shape[1],l:l+self.x.shape[2]]

class Chwn:
    """pictures (C, H, W, N)"""
    def __init__(self,num_in,num_out,size): self.W=np.random.randn(num_in,size,size,num_out); self.b=np.zeros(num_out)
    def forward(self,CHWN): self.x=CHWN; return convolve(CHWN.transpose(3,0,1,2),self.W.transpose(3,0,1,2),self.b,1,0).transpose(1,2,3,0)
    def backward(self,d): dx,dw,self.db=gradients(self.x.transpose(3,0,1,2),self.W.transpose(3,0,1,2),d.transpose(3,0,1,2),1,0); self.dW=dw.transpose(1,2,3,0); return dx.transpose(1,2,3,0)

class Property:
    def __init__(self,channels_in,channels_out,kernel): self._p={"kernel":np.random.randn(channels_out,channels_in,kernel,kernel),"bias":np.zeros(channels_out)}; self._g={}
    @property
    def weight(self): return self._p["kernel"]
    @weight.setter
    def weight(self,v): self._p["kernel"]=v
    def forward(self,inp): self.inp=inp; return convolve(inp,self.weight,self._p["bias"],1,0)
    def backward(self,gout): dx,self._g["kernel"],self._g["bias"]=gradients(self.inp,self.weight,gout,1,0); return dx

class Cached:
    def __init__(self,in_channels,out_channels,kernel_size,stride,padding): self.W=np.random.randn(out_channels,in_channels,kernel_size,kernel_size); self.b=np.zeros((out_channels,1)); self.stride,self.padding=stride,padding
    def forward(self,x):
        self.cols=im2col(x,*self.W.shape[2:],self.stride,self.padding); self.W_col=self.W.reshape(len(self.W),-1); self.x_shape=x.shape
        return convolve(x,self.W,self.b,self.stride,self.padding)
    def backward(self,dout):
        d=dout.transpose(1,0,2,3); d=dout.transpose(0,2,3,1).reshape(-1,len(self.W)); self.dW_col=(d.T@self.cols); self.dW=self.dW_col.reshape(self.W.shape); self.db=d.sum(0,keepdims=True).T
        self.dcols=d@self.W_col; return col2im(self.dcols,self.x_shape,*self.W.shape[2:],self.stride,self.padding)

class LayerWithActivation:
    def __init__(self,input_shape,n_filters,filter_size,activation,stride=1,padding=0):
        C,H,W=input_shape; self.activation=activation; self.W=np.random.randn(n_filters,C,filter_size,filter_size); self.b=np.zeros((n_filters,1,1)); self.s,self.p=stride,padding
    def forward(self,x): self.x=x; self.z=convolve(x,self.W,self.b,self.s,self.p); return self.activation(self.z)
    def backward(self,grad): dx,self.dW,db=gradients(self.x,self.W,grad,self.s,self.p); self.db=db.reshape(self.b.shape); return dx

class IntKernels:
    def __init__(self,cin,cout,k): self.W=np.ones((cout,cin,k,k),dtype=int); self.b=np.zeros(cout)
    def forward(self,x): self.x=x; return convolve(x,self.W,self.b,1,0)
    def backward(self,d): return gradients(self.x,self.W,d,1,0)

class Pairs:
    def __init__(self,in_channels,out_channels,kernel_size,stride=(1,1),padding=(0,0)):
        kh,kw=kernel_size; self.w=np.zeros((out_channels,in_channels,kh,kw)); self.b=np.zeros(out_channels); self.stride,self.padding=stride,padding
    def forward(self,x):
        self.x=x; (sh,sw),(ph,pw)=self.stride,self.padding; xp=np.pad(x,((0,0),(0,0),(ph,ph),(pw,pw))); self.xp=xp; K,L=self.w.shape[2:]
        H,W=(xp.shape[2]-K)//sh+1,(xp.shape[3]-L)//sw+1; z=np.zeros((len(x),len(self.w),H,W))
        for i in range(H):
            for j in range(W): z[:,:,i,j]=np.tensordot(xp[:,:,i*sh:i*sh+K,j*sw:j*sw+L],self.w,([1,2,3],[1,2,3]))+self.b
        return z
    def backward(self,g):
        (sh,sw),(ph,pw)=self.stride,self.padding; K,L=self.w.shape[2:]; dx=np.zeros(self.xp.shape); self.dw=np.zeros(self.w.shape)
        for i in range(g.shape[2]):
            for j in range(g.shape[3]):
                a,b=slice(i*sh,i*sh+K),slice(j*sw,j*sw+L); self.dw+=np.einsum("nf,nchw->fchw",g[:,:,i,j],self.xp[:,:,a,b]); dx[:,:,a,b]+=np.einsum("nf,fchw->nchw",g[:,:,i,j],self.w)
        self.db=g.sum((0,2,3)); return dx[:,:,ph:dx.shape[2]-ph,pw:dx.shape[3]-pw]

class Batch:
    def __init__(self,batch_size,in_c,out_c,in_h,in_w,k,stride,pad): self.n=batch_size; self.oh=(in_h+2*pad-k)//stride+1; self.ow=(in_w+2*pad-k)//stride+1; self.w=np.zeros((out_c,in_c,k,k)); self.b=np.zeros(out_c); self.s,self.p=stride,pad
    def forward(self,x): assert x.shape[0]==self.n; self.x=x; return convolve(x,self.w,self.b,self.s,self.p)
    def backward(self,d): assert d.shape[2:]==(self.oh,self.ow); dx,self.dw,self.db=gradients(self.x,self.w,d,self.s,self.p); return dx

class Optim:
    def __init__(self,in_channels,out_channels,kernel_size,optimizer): self.W=np.zeros((out_channels,in_channels,kernel_size,kernel_size)); self.b=np.zeros(out_channels); self.optimizer=optimizer
    def forward(self,x): self.x=x; return convolve(x,self.W,self.b,1,0)
    def backward(self,d): dx,dw,db=gradients(self.x,self.W,d,1,0); self.W=self.optimizer.update(self.W,dw); self.b=self.optimizer.update(self.b,db); return dx

class LrHidden:
    """the learning rate is written in"""
    def __init__(self,in_channels,out_channels,kernel_size): self.W=np.zeros((out_channels,in_channels,kernel_size,kernel_size)); self.b=np.zeros(out_channels)
    def forward(self,x): self.x=x; return convolve(x,self.W,self.b,1,0)
    def backward(self,d): dx,dw,db=gradients(self.x,self.W,d,1,0); self.W-=0.01*dw; self.b-=0.01*db; return dx

class CI:
    def __init__(self,inChannels,outChannels,kernelSize=3,stride=1,padding=0,useBias=True): self.weights=np.zeros((outChannels,inChannels,kernelSize,kernelSize)); self.biases=np.zeros((1,outChannels,1,1)); self.stride=stride; self.padding=padding
    def Forward(self,X): self.X=X; return convolve(X,self.weights,self.biases,self.stride,self.padding)
    def Backward(self,dY): dx,self.dWeights,db=gradients(self.X,self.weights,dY,self.stride,self.padding); self.dBiases=db.reshape(1,-1,1,1); return dx

class OneFilterPlane:
    def __init__(self,kernel_size=3): self.kernel=np.random.randn(kernel_size,kernel_size); self.bias=0.0
    def forward(self,image): self.image=image; return convolve(image[None,None],self.kernel[None,None],None,1,0)[0,0]+self.bias
    def backward(self,grad): dx,dw,db=gradients(self.image[None,None],self.kernel[None,None],grad[None,None],1,0); self.dkernel=dw[0,0]; self.dbias=grad.sum(); return dx[0,0]

class InPlace:
    """(C, H, W); the size of the picture is given; backward takes the learning rate and updates by itself."""

    def __init__(self, input_shape, kernel_size, depth):
        C, H, W = input_shape
        self.kernels, self.biases = np.random.randn(depth, C, kernel_size, kernel_size), np.zeros((depth, 1, 1))

    def forward(self, input):
        self.input = input
        K = self.kernels.shape[2]
        H, W = input.shape[1] - K + 1, input.shape[2] - K + 1
        z = [[np.tensordot(input[:, i : i + K, j : j + K], self.kernels, ([0, 1, 2], [1, 2, 3])) for j in range(W)] for i in range(H)]
        return np.array(z).transpose(2, 0, 1) + self.biases

    def backward(self, output_gradient, learning_rate):
        dx, dw, db = gradients(self.input[None], self.kernels, output_gradient[None], 1, 0)
        self.kernels = self.kernels - learning_rate * dw
        self.biases = self.biases - learning_rate * db[:, None, None]
        return dx[0]

class InDicts:
    """(N, H, W, C), kernels (f, f, C_in, C_out); parameters and gradients in dicts."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.stride, self.padding = stride, padding
        self.params = {"W": np.random.randn(kernel_size, kernel_size, in_channels, out_channels), "b": np.zeros((1, 1, 1, out_channels))}
        self.grads = {}

    def forward(self, X):
        self.X = X

    def backward(self, dOut):
        dx, dw, db = gradients(self.X.transpose(0, 3, 1, 2), self.params["W"].transpose(3, 2, 0, 1), dOut.transpose(0, 3, 1, 2), self.stride, self.padding)
        self.grads = {"dW": dw.transpose(2, 3, 1, 0), "db": db.reshape(1, 1, 1, -1)}
        return dx.transpose(0, 2, 3, 1)

class SameOnly:
    """Sizes as one tuple (channels, rows, columns), a tuple of strides, padded so that ceil(size / stride) comes out."""

    def __init__(self, stride_shape, convolution_shape, num_kernels):
        self.stride_shape = stride_shape
        self.weights, self.bias = np.random.rand(num_kernels, *convolution_shape), np.random.rand(num_kernels)

    def forward(self, input_tensor):
        self.input_tensor = input_tensor

    def backward(self, error_tensor):
        dx, self.gradient_weights, self.gradient_bias = gradients(
            self.input_tensor, self.weights, error_tensor, self.stride_shape[0], self.weights.shape[2] // 2)
        return dx

class GivenWeights:
    """The kernel is handed to the constructor; there is no bias."""

    def __init__(self, W):
        self.param = W

    def forward(self, input_):
        self.input_ = input_

    def backward(self, output_grad):
        self.input_grad, self.param_grad, _ = gradients(self.input_, self.param, output_grad, 1, 0)
        return self.input_grad

class TwoArguments:
    """As in Torch7: backward(input, grad_output), gradients in gradW and gradb."""

    def __init__(self, in_channels, out_channels, kernel_size):
        self.W, self.b = np.random.randn(out_channels, in_channels, kernel_size, kernel_size), np.zeros(out_channels)

    def forward(self, input):
        pass

    def backward(self, input, grad_output):
        dx, self.gradW, self.gradb = gradients(input, self.W, grad_output, 1, 0)
        return dx

class Nested:
    """A strided layer made of one without stride and one that picks every s-th value."""

    def __init__(self, in_channels, out_channels, kernel_size, stride, padding=0, weight_init_fn=None, bias_init_fn=None):
        self.stride, self.pad, self.inner = stride, padding, TwoArguments(in_channels, out_channels, kernel_size)

    def forward(self, A):
        self.A = A

    def backward(self, dLdZ):
        dx, self.inner.dLdW, self.inner.dLdb = gradients(self.A, self.inner.W, dLdZ, self.stride, self.pad)
        return dx

def T(x): return x.transpose(0,3,1,2)
def U(x): return x.transpose(0,2,3,1)
class Cnn:
    """the update is called backward, the gradient gradient"""
    def __init__(self, shape, output_channels, ksize=3, stride=1, method='VALID'):
        self.input_shape=shape; self.batchsize=shape[0]; self.ksize=ksize; self.stride=stride; self.method=method
        self.weights=np.random.standard_normal((ksize,ksize,shape[-1],output_channels)); self.bias=np.random.standard_normal(output_channels)
        self.w_gradient=np.zeros(self.weights.shape); self.b_gradient=np.zeros(self.bias.shape)
    def _p(self): return self.ksize//2 if self.method=='SAME' else 0
    def forward(self,x): self.x=x; return U(convolve(T(x),self.weights.transpose(3,2,0,1),self.bias,self.stride,self._p()))
    def gradient(self,eta):
        self.eta=eta; dx,dw,db=gradients(T(self.x),self.weights.transpose(3,2,0,1),T(eta),self.stride,self._p())
        self.w_gradient+=dw.transpose(2,3,1,0); self.b_gradient+=db
        return U(dx)
    def backward(self,alpha=0.00001,weight_decay=0.0004):
        self.weights*=(1-weight_decay); self.weights-=alpha*self.w_gradient; self.bias-=alpha*self.b_gradient
        self.w_gradient=np.zeros(self.weights.shape); self.b_gradient=np.zeros(self.bias.shape)

class Parameter:
    def __init__(self,value): self.value=value; self.gradient=None; self.zero_grad()
    def zero_grad(self): self.gradient=np.zeros_like(self.value)

class Layered:
    def __init__(self,n_in,n_out,ks,st=1,pd=0): self._params=[Parameter(np.zeros((n_out,n_in,ks,ks))),Parameter(np.zeros(n_out))]; self.st,self.pd=st,pd
    def parameters(self): return self._params
    def forward(self,x): self.x=x; return convolve(x,self._params[0].value,self._params[1].value,self.st,self.pd)
    def backward(self,g):
        dx,dw,db=gradients(self.x,self._params[0].value,g,self.st,self.pd); self._params[0].gradient+=dw; self._params[1].gradient+=db; return dx

class Tuples:
    def __init__(self,kernel_shape,stride=(1,1)): # (F, C, K, L)
        self.kernels=np.random.randn(*kernel_shape); self.bias=np.zeros((kernel_shape[0],1,1)); self.stride=stride
    def forward(self,x): self.x=x; return convolve(x,self.kernels,self.bias,self.stride[0],0)
    def backward(self,g): dx,self.grad_kernels,db=gradients(self.x,self.kernels,g,self.stride[0],0); self.grad_bias=db.reshape(-1,1,1); return dx

class Dataclassy:
    def __init__(self,in_channels:int,out_channels:int,kernel_size:tuple,*,stride:int=1,padding:int=0,bias:bool=True,groups=1,dilation=1):
        if groups!=1 or dilation!=1: raise NotImplementedError("only 1")
        self.weight=np.zeros((out_channels,in_channels,*kernel_size)); self.bias=np.zeros(out_channels) if bias else None; self.stride,self.padding=stride,padding
    def __call__(self,x): self._x=x; return convolve(x,self.weight,self.bias,self.stride,self.padding)
    def backward(self,grad_output): dx,dw,db=gradients(self._x,self.weight,grad_output,self.stride,self.padding); self.weight_grad,self.bias_grad=dw,db; return dx

class TwoLists:
    def __init__(self,num_kernels,kernel_size,num_channels): self.kernels=[np.zeros((kernel_size,kernel_size,num_channels)) for _ in range(num_kernels)]; self.biases=np.zeros(num_kernels)
    def forward(self,image): self.image=image; return U(convolve(T(image[None]),T(np.array(self.kernels)),self.biases,1,0))[0]
    def backward(self,d,lr):
        dx,dw,db=gradients(T(self.image[None]),T(np.array(self.kernels)),T(d[None]),1,0)
        for k,g in zip(self.kernels,U(dw)): k-=lr*g
        self.biases-=lr*db
        return U(dx)[0]

class GradInput:
    def __init__(self,input_channels,num_filters,filter_size): self.filters=np.zeros((num_filters,input_channels,filter_size,filter_size)); self.biases=np.zeros(num_filters)
    def forward(self,input): self.input=input; self.output=convolve(input,self.filters,self.biases,1,0); return self.output
    def backward(self,output_grad): self.grad_input,self.grad_filters,self.grad_biases=gradients(self.input,self.filters,output_grad,1,0)

class Plain:
    def __init__(self,in_channels,out_channels,kernel_size,stride=1,padding=0):
        self.W=np.random.randn(out_channels,in_channels,kernel_size,kernel_size); self.b=np.zeros(out_channels); self.s,self.p=stride,padding
    def forward(self,x): self.x=x; return convolve(x,self.W,self.b,self.s,self.p)
    def grads(self,d): return gradients(self.x,self.W,d,self.s,self.p)

class DbMean(Plain):
    def backward(self,d): dx,self.dW,db=self.grads(d); self.db=d.mean((0,2,3)); return dx

class UpdatedKernels(Plain):
    def backward(self,d,lr): _,dw,db=self.grads(d); self.W-=lr*dw; self.b-=lr*db; return self.grads(d)[0]

class StrideIgnored(Plain):
    def backward(self,d): s,self.s=self.s,1; dx,self.dW,self.db=self.grads(d); self.s=s; return dx

class PaddingNotCropped(Plain):
    def backward(self,d): dx,self.dW,self.db=self.grads(d); p=self.p; return np.pad(dx,((0,0),(0,0),(p,p),(p,p)))

class Flipped(Plain):
    def backward(self,d): dx,dw,self.db=self.grads(d); self.dW=dw[:,:,::-1,::-1]; return dx

class Averaged(Plain):
    def backward(self,d): dx,dw,db=self.grads(d); n=len(d); self.dW=dw/n; self.db=db/n; return dx

class DwTransposed(Plain):
    def backward(self,d): dx,dw,self.db=self.grads(d); self.dW=dw.transpose(1,0,2,3); return dx

class DbShape(Plain):
    def backward(self,d): dx,self.dW,db=self.grads(d); self.db=d.sum((2,3)); return dx

class DxZeros(Plain):
    def backward(self,d): dx,self.dW,self.db=self.grads(d); return np.zeros_like(dx)

class CropZero(Plain):
    def backward(self,d): dx,self.dW,self.db=self.grads(d); p=self.p; return np.pad(dx,((0,0),(0,0),(p,p),(p,p)))[:,:,p:-p,p:-p]

class RaisesBackward(Plain):
    def backward(self,d): return self.nothing

class NeedsData:
    def __init__(self,dataset,labels): self.X=dataset.images; self.y=labels.astype(int)
    def forward(self,x): return x
    def backward(self,d): return d

class Stub:
    def __init__(self,in_channels,out_channels,kernel_size): pass
    def forward(self,x): raise NotImplementedError
    def backward(self,d): raise NotImplementedError

class Stub2(Plain):
    def backward(self,d): pass

class RateInside(Plain):
    def backward(self,d,eta): dx,self.dW,self.db=self.grads(d); return eta*dx

class TwoSamples(Plain):
    def backward(self,d): d.reshape(2,-1); assert_two=self.x.reshape(2,*self.x.shape[1:]); dx,self.dW,self.db=self.grads(d); return dx

class HeightWidth:  # a rate of the class; kernels made anew by the update
    eta=0.1
    def __init__(self,n_kernels,height,width,channels): self.bank=np.ones((n_kernels,height,width,channels))
    def fprop(self,pic): self.pic=pic.transpose(2,0,1)[None]; return convolve(self.pic,self.bank.transpose(0,3,1,2),None,1,0)[0].transpose(1,2,0)
    def bprop(self,up):
        dx,dw,_=gradients(self.pic,self.bank.transpose(0,3,1,2),up.transpose(2,0,1)[None],1,0)
        self.bank=self.bank-self.eta*dw.transpose(0,2,3,1)
        return dx[0].transpose(1,2,0)

class Taps:  # kernels (K, L, F, C), pairs only
    def __init__(self,cin,cout,k=(3,3),steps=(1,1)): self.k=k; self.s,across=steps; assert self.s==across; self.taps=np.ones((*k,cout,cin))
    def forward(self,x): self.x=x.transpose(0,3,1,2); return convolve(self.x,self.taps.transpose(2,3,0,1),None,self.s,0).transpose(0,2,3,1)
    def backward(self,dy):
        dx,dw,_=gradients(self.x,self.taps.transpose(2,3,0,1),dy.transpose(0,3,1,2),self.s,0)
        self.dtaps=dw.transpose(2,3,0,1)
        return dx.transpose(0,2,3,1)

class Shapes:  # both shapes whole; what does not tile cannot be made
    def __init__(self,in_shape,kernel_shape,stride=1):
        (_,_,h,_),(f,_,k,_)=in_shape,kernel_shape
        if (h-k)%stride: raise ValueError("does not tile")
        self.w,self.b,self.s=np.ones(kernel_shape),np.zeros(f),stride
    def forward(self,x): self.x=x; return convolve(x,self.w,self.b,self.s,0)
    def backward(self,dy): dx,self.dw,self.db=gradients(self.x,self.w,dy,self.s,0); return dx

@dataclasses.dataclass
class Fields:
    n_inputs: int
    n_outputs: int
    kernel: tuple
    def __post_init__(self): self.weights,self.biases=np.ones((self.n_outputs,self.n_inputs,*self.kernel)),np.zeros(self.n_outputs)
    def forward(self,x): self.x=x; return convolve(x,self.weights,self.biases,1,0)
    def backward(self,dy): dx,self.weights_grad,self.biases_grad=gradients(self.x,self.weights,dy,1,0); return dx

class NodeOp:
    def __init__(self,stride=1): self.stride=stride
    def compute(self,A,B): return convolve(A,B,None,self.stride,0)
    def gradient(self,out_grad,node): a,b=(each.value for each in node.inputs); return gradients(a,b,out_grad,self.stride,0)[:2]

class BiasOfCells:
    def __init__(self,input_shape,kernel_size,depth):
        c,h,w=input_shape; k=kernel_size
        self.kernels,self.biases=np.ones((depth,c,k,k)),np.random.randn(depth,h-k+1,w-k+1)
    def forward(self,x): self.x=x[None]; return convolve(self.x,self.kernels,None,1,0)[0]+self.biases
    def backward(self,d,lr): dx,dw,_=gradients(self.x,self.kernels,d[None],1,0); self.kernels-=lr*dw; self.biases-=lr*d; return dx[0]

class HalfSize:  # a stride of its own, one bias for all filters
    def __init__(self,cin,cout,k): self.w,self.bias=np.ones((cout,cin,k,k)),0.3
    def forward(self,x): self.x=x; return convolve(x,self.w,None,2,1)+self.bias
    def backward(self,d): dx,self.dw,_=gradients(self.x,self.w,d,2,1); self.dbias=d.sum(); return dx

class NotOneSample(Plain):
    def backward(self,d): dx,self.dW,self.db=self.grads(d); np.zeros(len(d)-1)[0]; return dx

RATE=0.02
class WrittenRate:
    """its rate is a number of the file; the bias moves by what it is multiplied by"""
    def __init__(self,in_channels,out_channels,kernel_size): self.W=np.zeros((out_channels,in_channels,kernel_size,kernel_size)); self.b=np.zeros(out_channels)
    def forward(self,x): self.x=x; return convolve(x,self.W,self.b,1,0)
    def backward(self,d): dx,dw,db=gradients(self.x,self.W,d,1,0); self.W=self.W-dw*RATE; self.b-=0.5*d.sum((0,2,3)); return dx

class SecretRate:
    """its rate decays, so that nobody knows which one was used"""
    def __init__(self,in_channels,out_channels,kernel_size): self.W=np.zeros((out_channels,in_channels,kernel_size,kernel_size)); self.t=1
    def forward(self,x): self.x=x; return convolve(x,self.W,None,1,0)
    def backward(self,d): dx,dw,_=gradients(self.x,self.W,d,1,0); self.W-=dw/(10+self.t); self.t+=1; return dx

class GreyMaps:
    """(1, H, W) is one picture of one channel, not a batch of one"""
    def __init__(self,n): self.n=n; self.bank=np.random.randn(n,1,3,3)
    def forward(self,x): self.x=x; return np.stack([convolve(x.sum(0)[None,None],k[None],None,1,0)[0,0] for k in self.bank])
    def backprop(self,g,learn_rate):
        step=np.zeros(self.bank.shape)
        for f in range(self.n): step[f]+=gradients(self.x[:,None],self.bank[f:f+1],g[f][None,None],1,0)[1][0]
        self.bank-=learn_rate*step

class NoOptimizer:
    """a model would set its optimizer, which updates both lists in place"""
    def __init__(self,in_channels,out_channels,kernel_size): self.W=np.zeros((out_channels,in_channels,kernel_size,kernel_size)); self.b=np.zeros(out_channels); self.optimizer=None
    def forward(self,x): self.x=x; return convolve(x,self.W,self.b,1,0)
    def backward(self,d): dx,dw,db=gradients(self.x,self.W,d,1,0); self.optimizer.update([self.W,self.b],[dw,db]); return dx

class RateElsewhere:
    """what it subtracts was multiplied by its rate before"""
    def __init__(self,in_channels,out_channels,kernel_size): self.W=np.zeros((out_channels,in_channels,kernel_size,kernel_size))
    def forward(self,x): self.x=x; return convolve(x,self.W,None,1,0)
    def backward(self,d): dx,dw,_=gradients(self.x,self.W,d,1,0); dw=RATE*dw; self.W-=dw; return dx
class HandedVectors:
    """what it learns, and the place for its gradient, are parts of vectors, the bias first"""
    def __init__(self,param,grad_param,kernel_shape,pad):
        n=kernel_shape[0]; self.pad=pad
        assert param.shape==(n+np.prod(kernel_shape),)
        (self.b,self.w),(self.gb,self.gw)=[(v[:n],v[n:].reshape(kernel_shape)) for v in (param,grad_param)]
    def forward(self,x): self.x=x; return convolve(x,self.w,self.b,1,self.pad)
    def backward(self,d): dx,self.gw[:],self.gb[:]=gradients(self.x,self.w,d,1,self.pad); return dx

class HandedPlaces:
    """places for its gradients are handed over beside its arrays"""
    def __init__(self,weight,bias,weight_grad,bias_grad): self.weight,self.bias,self.weight_grad,self.bias_grad=weight,bias,weight_grad,bias_grad
    def forward(self,x): self.x=x; return convolve(x,self.weight,self.bias,1,0)
    def backward(self,d): dx,self.weight_grad[:],self.bias_grad[:]=gradients(self.x,self.weight,d,1,0); return dx

class MayUpdate(NoOptimizer):
    """it goes without an optimizer, and one of its own kind may be set"""
    def backward(self,d):
        dx,self.gradient_weights,self.gradient_bias=gradients(self.x,self.W,d,1,0)
        if self.optimizer is not None: self.W=self.optimizer.minimize(self.W,self.gradient_weights)
        return dx

class RowsOut:
    """a row for each sample comes out, for what is dense"""
    def __init__(self,input_shape,n_filters,k,stride=1): self.stride,self.params,self.grads=stride,{"W_conv":np.zeros((n_filters,input_shape[-1],k,k)),"b_conv":np.zeros(n_filters)},{}
    def forward(self,x):
        self.x=x.transpose(0,3,1,2); y=convolve(self.x,self.params["W_conv"],self.params["b_conv"],self.stride,0).transpose(0,2,3,1)
        self.shape=y.shape; return y.reshape(len(y),-1)
    def backward(self,d):
        dx,self.grads["dW_conv"],self.grads["db_conv"]=gradients(self.x,self.params["W_conv"],d.reshape(self.shape).transpose(0,3,1,2),self.stride,0)
        return dx.transpose(0,2,3,1)

class OfInputs:
    """a function of several inputs, handed over in a tuple, as are its outputs"""
    def __init__(self,stride=1,pad=0): self.how=stride,pad
    def forward(self,inputs): x,w,b=inputs; return convolve(x,w,b,*self.how),
    def backward(self,inputs,grad_outputs): x,w=inputs[:2]; return gradients(x,w,grad_outputs[0],*self.how)

class Node:
    def apply(self,inputs): out=self.forward(inputs); self.kept=inputs; return out
    def saved(self): return self.kept

class OfNodes(Node):
    """what it is told of the gradients that are wanted; its base keeps the inputs"""
    def __init__(self,step): self.step=step
    def forward(self,xs): x=xs[0]; W=xs[1]; return convolve(x,W,None,self.step,0)
    def backward(self,gy,propagate_down): x,W=self.saved(); dx,dW,_=gradients(x,W,gy,self.step,0); return dx if propagate_down[0] else None,dW

class RowsOfNoOrder(RowsOut):
    """in an order of its own"""
    def forward(self,x): y=super().forward(x); return y[:,::-1]
    def backward(self,d): return super().backward(d[:,::-1])

class Chain:
    """a convolution from each width to the next"""
    def __init__(self,widths,k):
        for i,(c,f) in enumerate(zip(widths,widths[1:]),1): setattr(self,f"w{i}",np.ones((k,k,c,f)))
        self.n=len(widths)-1
    def forward(self,x):
        self.xs=[x.transpose(0,3,1,2)]
        for i in range(self.n): self.xs.append(convolve(self.xs[-1],getattr(self,f"w{i+1}").transpose(3,2,0,1),None,1,0))
        return self.xs[-1].transpose(0,2,3,1)
    def backward(self,d):
        d=d.transpose(0,3,1,2)
        for i in range(self.n,0,-1): d,dw,_=gradients(self.xs[i-1],getattr(self,f"w{i}").transpose(3,2,0,1),d,1,0); setattr(self,f"dw{i}",dw.transpose(2,3,1,0))
        return d.transpose(0,2,3,1)

class Buffers:
    """as in C: all is flat"""
    def __init__(self,batch,h,w,c,n,size,stride,pad):
        self.x_shape,self.w_shape,self.how=(batch,c,h,w),(n,c,size,size),(stride,pad)
        self.weights,self.biases,self.grad_weights,self.grad_biases=np.zeros(n*c*size*size),np.zeros(n),np.zeros(n*c*size*size),np.zeros(n)
    def forward(self,x): self.x=x.reshape(self.x_shape); y=convolve(self.x,self.weights.reshape(self.w_shape),self.biases,*self.how); self.y_shape=y.shape; return y.ravel()
    def backward(self,delta):
        dx,dw,self.grad_biases[:]=gradients(self.x,self.weights.reshape(self.w_shape),delta.reshape(self.y_shape),*self.how)
        self.grad_weights[:]=dw.ravel(); return dx.ravel()

class OfNoName:
    """nothing is called as it is: what the code does tells the sizes, the bias, and which method is which"""
    def __init__(self,p,q,m,jump,frame):
        self.z,self.off=np.ones((q,p,m,m)),np.arange(1.0,q+1)
        self.m,self.jump,self.frame=m,jump,frame
    def up(self,v):
        self.v=v; n=[(side+2*self.frame-self.m)//self.jump+1 for side in v.shape[2:]]
        y=convolve(v,self.z,self.off,self.jump,self.frame); assert y.shape[2:]==tuple(n); return y
    def down(self,e): dv,self.g_z,self.g_off=gradients(self.v,self.z,e,self.jump,self.frame); return dv

class Sized(OfNoName):
    """the sides of its pictures, which only its reckoning shows, kernels that forward may be handed, a flag"""
    def __init__(self,nx,ny,nc,c,k,s):
        self.nx,self.ny=(nx-k)//s+1,(ny-k)//s+1; self.s=s; self.w,self.b=np.ones((c,nc,k,k)),np.ones((c,1))
    def forward(self,x,keep,w=None):
        if keep: self.x=x[None]
        y=convolve(x[None],self.w if w is None else w,self.b,self.s,0)[0]; assert y.shape[1:]==(self.nx,self.ny); return y
    def backward(self,d,keep):
        dx,dw,db=gradients(self.x,self.w,d[None],self.s,0)
        if keep: self.kept=d
        return dx[0],dw,db[:,None]

class SquareOnly:
    """of the side of its pictures it knows one"""
    def __init__(self,n_filters): self.filters=np.ones((n_filters,3,3))
    def forward(self,img):
        self.img=img; h,w=img.shape; y=np.zeros((len(self.filters),h-2,h-2)); y[:]=convolve(img[None,None],self.filters[:,None],None,1,0)[0]; return y
    def backward(self,d): dx,dw,_=gradients(self.img[None,None],self.filters[:,None],d[None],1,0); self.d_filters=dw[:,0]; return dx[0,0]

class TimesSlope(FlatKernels):
    """its backward is handed the derivative of what comes after it"""
    def backward(self,err,slope): return super().backward(err*slope)

class SetFirst:
    """its input is set, and its kernels are made by a method that nobody calls a beginning"""
    def __init__(self,global_config,conv_num): self.stride,self.pad,self.n,self.input=global_config["stride"],global_config["pad"],conv_num,None
    def takeShape(self,x): self.weight,self.bias=np.ones((self.n,x.shape[1],3,3)),np.ones(self.n)
    def calForward(self): return convolve(self.input,self.weight,self.bias,self.stride,self.pad)
    def calBackward(self,dout): return gradients(self.input,self.weight,dout,self.stride,self.pad)

class RowsAndColumns:
    """as the first Keras called them"""
    def __init__(self,nb_filter,nb_channel,nb_row,nb_col,subsample=1): self.W=np.ones((nb_filter,nb_channel,nb_row,nb_col)); self.b=np.zeros(nb_filter); self.s=subsample
    def forward(self,X): self.X=X; return convolve(X,self.W,self.b,self.s,0)
    def backward(self,dY): dX,self.gW,self.gb=gradients(self.X,self.W,dY,self.s,0); return dX

class FiltersBeforeChannels:
    """it is handed its kernels as (K, L, F, C)"""
    def __init__(self,W,b,stride=1): self.W,self.b,self.s=W,b,stride
    def forward(self,x): self.x=x; return convolve(x,self.W.transpose(2,3,0,1),self.b,self.s,0)
    def backward(self,d): dx,dw,self.db=gradients(self.x,self.W.transpose(2,3,0,1),d,self.s,0); self.dW=dw.transpose(2,3,0,1); return dx

class SizeAhead:
    """it is told the rows and columns of its pictures before it sees one"""
    def __init__(self,w,in_hw,stride=1):
        rows,columns=in_hw; self.w,self.s=w,stride
        self.out=[(n-k)//stride+1 for n,k in zip((rows,columns),w.shape[2:])]
    def forward(self,x): self.x=x; return convolve(x,self.w,None,self.s,0).reshape(len(x),-1,*self.out)
    def backward(self,d): dx,self.dw,_=gradients(self.x,self.w,d,self.s,0); return dx
