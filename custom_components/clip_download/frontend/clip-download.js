/*! clip-download 0.1.0 sources 8907430f1a9719b80d931389dc96a6ea5ddcea86795b04f62539426c05058fcb */
var a3=Object.defineProperty;var A3=Object.getOwnPropertyDescriptor;var a=(M,V,C,H)=>{for(var L=H>1?void 0:H?A3(V,C):V,e=M.length-1,r;e>=0;e--)(r=M[e])&&(L=(H?r(V,C,L):r(L))||L);return H&&L&&a3(V,C,L),L};var k1=globalThis,w1=k1.ShadowRoot&&(k1.ShadyCSS===void 0||k1.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype,e2=Symbol(),q2=new WeakMap,s1=class{constructor(V,C,H){if(this._$cssResult$=!0,H!==e2)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=V,this.t=C}get styleSheet(){let V=this.o,C=this.t;if(w1&&V===void 0){let H=C!==void 0&&C.length===1;H&&(V=q2.get(C)),V===void 0&&((this.o=V=new CSSStyleSheet).replaceSync(this.cssText),H&&q2.set(C,V))}return V}toString(){return this.cssText}},P1=M=>new s1(typeof M=="string"?M:M+"",void 0,e2),S=(M,...V)=>{let C=M.length===1?M[0]:V.reduce((H,L,e)=>H+(r=>{if(r._$cssResult$===!0)return r.cssText;if(typeof r=="number")return r;throw Error("Value passed to 'css' function must be a 'css' function result: "+r+". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.")})(L)+M[e+1],M[0]);return new s1(C,M,e2)},j2=(M,V)=>{if(w1)M.adoptedStyleSheets=V.map(C=>C instanceof CSSStyleSheet?C:C.styleSheet);else for(let C of V){let H=document.createElement("style"),L=k1.litNonce;L!==void 0&&H.setAttribute("nonce",L),H.textContent=C.cssText,M.appendChild(H)}},r2=w1?M=>M:M=>M instanceof CSSStyleSheet?(V=>{let C="";for(let H of V.cssRules)C+=H.cssText;return P1(C)})(M):M;var{is:d3,defineProperty:n3,getOwnPropertyDescriptor:p3,getOwnPropertyNames:m3,getOwnPropertySymbols:l3,getPrototypeOf:v3}=Object,_1=globalThis,J2=_1.trustedTypes,s3=J2?J2.emptyScript:"",x3=_1.reactiveElementPolyfillSupport,x1=(M,V)=>M,Z1={toAttribute(M,V){switch(V){case Boolean:M=M?s3:null;break;case Object:case Array:M=M==null?M:JSON.stringify(M)}return M},fromAttribute(M,V){let C=M;switch(V){case Boolean:C=M!==null;break;case Number:C=M===null?null:Number(M);break;case Object:case Array:try{C=JSON.parse(M)}catch{C=null}}return C}},B1=(M,V)=>!d3(M,V),X2={attribute:!0,type:String,converter:Z1,reflect:!1,useDefault:!1,hasChanged:B1};Symbol.metadata??=Symbol("metadata"),_1.litPropertyMetadata??=new WeakMap;var U=class extends HTMLElement{static addInitializer(V){this._$Ei(),(this.l??=[]).push(V)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(V,C=X2){if(C.state&&(C.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(V)&&((C=Object.create(C)).wrapped=!0),this.elementProperties.set(V,C),!C.noAccessor){let H=Symbol(),L=this.getPropertyDescriptor(V,H,C);L!==void 0&&n3(this.prototype,V,L)}}static getPropertyDescriptor(V,C,H){let{get:L,set:e}=p3(this.prototype,V)??{get(){return this[C]},set(r){this[C]=r}};return{get:L,set(r){let t=L?.call(this);e?.call(this,r),this.requestUpdate(V,t,H)},configurable:!0,enumerable:!0}}static getPropertyOptions(V){return this.elementProperties.get(V)??X2}static _$Ei(){if(this.hasOwnProperty(x1("elementProperties")))return;let V=v3(this);V.finalize(),V.l!==void 0&&(this.l=[...V.l]),this.elementProperties=new Map(V.elementProperties)}static finalize(){if(this.hasOwnProperty(x1("finalized")))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(x1("properties"))){let C=this.properties,H=[...m3(C),...l3(C)];for(let L of H)this.createProperty(L,C[L])}let V=this[Symbol.metadata];if(V!==null){let C=litPropertyMetadata.get(V);if(C!==void 0)for(let[H,L]of C)this.elementProperties.set(H,L)}this._$Eh=new Map;for(let[C,H]of this.elementProperties){let L=this._$Eu(C,H);L!==void 0&&this._$Eh.set(L,C)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(V){let C=[];if(Array.isArray(V)){let H=new Set(V.flat(1/0).reverse());for(let L of H)C.unshift(r2(L))}else V!==void 0&&C.push(r2(V));return C}static _$Eu(V,C){let H=C.attribute;return H===!1?void 0:typeof H=="string"?H:typeof V=="string"?V.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(V=>this.enableUpdating=V),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(V=>V(this))}addController(V){(this._$EO??=new Set).add(V),this.renderRoot!==void 0&&this.isConnected&&V.hostConnected?.()}removeController(V){this._$EO?.delete(V)}_$E_(){let V=new Map,C=this.constructor.elementProperties;for(let H of C.keys())this.hasOwnProperty(H)&&(V.set(H,this[H]),delete this[H]);V.size>0&&(this._$Ep=V)}createRenderRoot(){let V=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return j2(V,this.constructor.elementStyles),V}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(V=>V.hostConnected?.())}enableUpdating(V){}disconnectedCallback(){this._$EO?.forEach(V=>V.hostDisconnected?.())}attributeChangedCallback(V,C,H){this._$AK(V,H)}_$ET(V,C){let H=this.constructor.elementProperties.get(V),L=this.constructor._$Eu(V,H);if(L!==void 0&&H.reflect===!0){let e=(H.converter?.toAttribute!==void 0?H.converter:Z1).toAttribute(C,H.type);this._$Em=V,e==null?this.removeAttribute(L):this.setAttribute(L,e),this._$Em=null}}_$AK(V,C){let H=this.constructor,L=H._$Eh.get(V);if(L!==void 0&&this._$Em!==L){let e=H.getPropertyOptions(L),r=typeof e.converter=="function"?{fromAttribute:e.converter}:e.converter?.fromAttribute!==void 0?e.converter:Z1;this._$Em=L;let t=r.fromAttribute(C,e.type);this[L]=t??this._$Ej?.get(L)??t,this._$Em=null}}requestUpdate(V,C,H,L=!1,e){if(V!==void 0){let r=this.constructor;if(L===!1&&(e=this[V]),H??=r.getPropertyOptions(V),!((H.hasChanged??B1)(e,C)||H.useDefault&&H.reflect&&e===this._$Ej?.get(V)&&!this.hasAttribute(r._$Eu(V,H))))return;this.C(V,C,H)}this.isUpdatePending===!1&&(this._$ES=this._$EP())}C(V,C,{useDefault:H,reflect:L,wrapped:e},r){H&&!(this._$Ej??=new Map).has(V)&&(this._$Ej.set(V,r??C??this[V]),e!==!0||r!==void 0)||(this._$AL.has(V)||(this.hasUpdated||H||(C=void 0),this._$AL.set(V,C)),L===!0&&this._$Em!==V&&(this._$Eq??=new Set).add(V))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(C){Promise.reject(C)}let V=this.scheduleUpdate();return V!=null&&await V,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[L,e]of this._$Ep)this[L]=e;this._$Ep=void 0}let H=this.constructor.elementProperties;if(H.size>0)for(let[L,e]of H){let{wrapped:r}=e,t=this[L];r!==!0||this._$AL.has(L)||t===void 0||this.C(L,void 0,e,t)}}let V=!1,C=this._$AL;try{V=this.shouldUpdate(C),V?(this.willUpdate(C),this._$EO?.forEach(H=>H.hostUpdate?.()),this.update(C)):this._$EM()}catch(H){throw V=!1,this._$EM(),H}V&&this._$AE(C)}willUpdate(V){}_$AE(V){this._$EO?.forEach(C=>C.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(V)),this.updated(V)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(V){return!0}update(V){this._$Eq&&=this._$Eq.forEach(C=>this._$ET(C,this[C])),this._$EM()}updated(V){}firstUpdated(V){}};U.elementStyles=[],U.shadowRootOptions={mode:"open"},U[x1("elementProperties")]=new Map,U[x1("finalized")]=new Map,x3?.({ReactiveElement:U}),(_1.reactiveElementVersions??=[]).push("2.1.2");var i2=globalThis,Y2=M=>M,T1=i2.trustedTypes,C5=T1?T1.createPolicy("lit-html",{createHTML:M=>M}):void 0,o2="$lit$",G=`lit$${Math.random().toFixed(9).slice(2)}$`,a2="?"+G,Z3=`<${a2}>`,V1=document,c1=()=>V1.createComment(""),S1=M=>M===null||typeof M!="object"&&typeof M!="function",A2=Array.isArray,r5=M=>A2(M)||typeof M?.[Symbol.iterator]=="function",t2=`[ 	
\f\r]`,u1=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,H5=/-->/g,V5=/>/g,C1=RegExp(`>|${t2}(?:([^\\s"'>=/]+)(${t2}*=${t2}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),L5=/'/g,M5=/"/g,t5=/^(?:script|style|textarea|title)$/i,d2=M=>(V,...C)=>({_$litType$:M,strings:V,values:C}),d=d2(1),f0=d2(2),g0=d2(3),Q=Symbol.for("lit-noChange"),m=Symbol.for("lit-nothing"),e5=new WeakMap,H1=V1.createTreeWalker(V1,129);function i5(M,V){if(!A2(M)||!M.hasOwnProperty("raw"))throw Error("invalid template strings array");return C5!==void 0?C5.createHTML(V):V}var o5=(M,V)=>{let C=M.length-1,H=[],L,e=V===2?"<svg>":V===3?"<math>":"",r=u1;for(let t=0;t<C;t++){let i=M[t],o,n,A=-1,l=0;for(;l<i.length&&(r.lastIndex=l,n=r.exec(i),n!==null);)l=r.lastIndex,r===u1?n[1]==="!--"?r=H5:n[1]!==void 0?r=V5:n[2]!==void 0?(t5.test(n[2])&&(L=RegExp("</"+n[2],"g")),r=C1):n[3]!==void 0&&(r=C1):r===C1?n[0]===">"?(r=L??u1,A=-1):n[1]===void 0?A=-2:(A=r.lastIndex-n[2].length,o=n[1],r=n[3]===void 0?C1:n[3]==='"'?M5:L5):r===M5||r===L5?r=C1:r===H5||r===V5?r=u1:(r=C1,L=void 0);let s=r===C1&&M[t+1].startsWith("/>")?" ":"";e+=r===u1?i+Z3:A>=0?(H.push(o),i.slice(0,A)+o2+i.slice(A)+G+s):i+G+(A===-2?t:s)}return[i5(M,e+(M[C]||"<?>")+(V===2?"</svg>":V===3?"</math>":"")),H]},h1=class M{constructor({strings:V,_$litType$:C},H){let L;this.parts=[];let e=0,r=0,t=V.length-1,i=this.parts,[o,n]=o5(V,C);if(this.el=M.createElement(o,H),H1.currentNode=this.el.content,C===2||C===3){let A=this.el.content.firstChild;A.replaceWith(...A.childNodes)}for(;(L=H1.nextNode())!==null&&i.length<t;){if(L.nodeType===1){if(L.hasAttributes())for(let A of L.getAttributeNames())if(A.endsWith(o2)){let l=n[r++],s=L.getAttribute(A).split(G),v=/([.?@])?(.*)/.exec(l);i.push({type:1,index:e,name:v[2],strings:s,ctor:v[1]==="."?F1:v[1]==="?"?E1:v[1]==="@"?$1:M1}),L.removeAttribute(A)}else A.startsWith(G)&&(i.push({type:6,index:e}),L.removeAttribute(A));if(t5.test(L.tagName)){let A=L.textContent.split(G),l=A.length-1;if(l>0){L.textContent=T1?T1.emptyScript:"";for(let s=0;s<l;s++)L.append(A[s],c1()),H1.nextNode(),i.push({type:2,index:++e});L.append(A[l],c1())}}}else if(L.nodeType===8)if(L.data===a2)i.push({type:2,index:e});else{let A=-1;for(;(A=L.data.indexOf(G,A+1))!==-1;)i.push({type:7,index:e}),A+=G.length-1}e++}}static createElement(V,C){let H=V1.createElement("template");return H.innerHTML=V,H}};function L1(M,V,C=M,H){if(V===Q)return V;let L=H!==void 0?C._$Co?.[H]:C._$Cl,e=S1(V)?void 0:V._$litDirective$;return L?.constructor!==e&&(L?._$AO?.(!1),e===void 0?L=void 0:(L=new e(M),L._$AT(M,C,H)),H!==void 0?(C._$Co??=[])[H]=L:C._$Cl=L),L!==void 0&&(V=L1(M,L._$AS(M,V.values),L,H)),V}var R1=class{constructor(V,C){this._$AV=[],this._$AN=void 0,this._$AD=V,this._$AM=C}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(V){let{el:{content:C},parts:H}=this._$AD,L=(V?.creationScope??V1).importNode(C,!0);H1.currentNode=L;let e=H1.nextNode(),r=0,t=0,i=H[0];for(;i!==void 0;){if(r===i.index){let o;i.type===2?o=new a1(e,e.nextSibling,this,V):i.type===1?o=new i.ctor(e,i.name,i.strings,this,V):i.type===6&&(o=new D1(e,this,V)),this._$AV.push(o),i=H[++t]}r!==i?.index&&(e=H1.nextNode(),r++)}return H1.currentNode=V1,L}p(V){let C=0;for(let H of this._$AV)H!==void 0&&(H.strings!==void 0?(H._$AI(V,H,C),C+=H.strings.length-2):H._$AI(V[C])),C++}},a1=class M{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(V,C,H,L){this.type=2,this._$AH=m,this._$AN=void 0,this._$AA=V,this._$AB=C,this._$AM=H,this.options=L,this._$Cv=L?.isConnected??!0}get parentNode(){let V=this._$AA.parentNode,C=this._$AM;return C!==void 0&&V?.nodeType===11&&(V=C.parentNode),V}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(V,C=this){V=L1(this,V,C),S1(V)?V===m||V==null||V===""?(this._$AH!==m&&this._$AR(),this._$AH=m):V!==this._$AH&&V!==Q&&this._(V):V._$litType$!==void 0?this.$(V):V.nodeType!==void 0?this.T(V):r5(V)?this.k(V):this._(V)}O(V){return this._$AA.parentNode.insertBefore(V,this._$AB)}T(V){this._$AH!==V&&(this._$AR(),this._$AH=this.O(V))}_(V){this._$AH!==m&&S1(this._$AH)?this._$AA.nextSibling.data=V:this.T(V1.createTextNode(V)),this._$AH=V}$(V){let{values:C,_$litType$:H}=V,L=typeof H=="number"?this._$AC(V):(H.el===void 0&&(H.el=h1.createElement(i5(H.h,H.h[0]),this.options)),H);if(this._$AH?._$AD===L)this._$AH.p(C);else{let e=new R1(L,this),r=e.u(this.options);e.p(C),this.T(r),this._$AH=e}}_$AC(V){let C=e5.get(V.strings);return C===void 0&&e5.set(V.strings,C=new h1(V)),C}k(V){A2(this._$AH)||(this._$AH=[],this._$AR());let C=this._$AH,H,L=0;for(let e of V)L===C.length?C.push(H=new M(this.O(c1()),this.O(c1()),this,this.options)):H=C[L],H._$AI(e),L++;L<C.length&&(this._$AR(H&&H._$AB.nextSibling,L),C.length=L)}_$AR(V=this._$AA.nextSibling,C){for(this._$AP?.(!1,!0,C);V!==this._$AB;){let H=Y2(V).nextSibling;Y2(V).remove(),V=H}}setConnected(V){this._$AM===void 0&&(this._$Cv=V,this._$AP?.(V))}},M1=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(V,C,H,L,e){this.type=1,this._$AH=m,this._$AN=void 0,this.element=V,this.name=C,this._$AM=L,this.options=e,H.length>2||H[0]!==""||H[1]!==""?(this._$AH=Array(H.length-1).fill(new String),this.strings=H):this._$AH=m}_$AI(V,C=this,H,L){let e=this.strings,r=!1;if(e===void 0)V=L1(this,V,C,0),r=!S1(V)||V!==this._$AH&&V!==Q,r&&(this._$AH=V);else{let t=V,i,o;for(V=e[0],i=0;i<e.length-1;i++)o=L1(this,t[H+i],C,i),o===Q&&(o=this._$AH[i]),r||=!S1(o)||o!==this._$AH[i],o===m?V=m:V!==m&&(V+=(o??"")+e[i+1]),this._$AH[i]=o}r&&!L&&this.j(V)}j(V){V===m?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,V??"")}},F1=class extends M1{constructor(){super(...arguments),this.type=3}j(V){this.element[this.name]=V===m?void 0:V}},E1=class extends M1{constructor(){super(...arguments),this.type=4}j(V){this.element.toggleAttribute(this.name,!!V&&V!==m)}},$1=class extends M1{constructor(V,C,H,L,e){super(V,C,H,L,e),this.type=5}_$AI(V,C=this){if((V=L1(this,V,C,0)??m)===Q)return;let H=this._$AH,L=V===m&&H!==m||V.capture!==H.capture||V.once!==H.once||V.passive!==H.passive,e=V!==m&&(H===m||L);L&&this.element.removeEventListener(this.name,this,H),e&&this.element.addEventListener(this.name,this,V),this._$AH=V}handleEvent(V){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,V):this._$AH.handleEvent(V)}},D1=class{constructor(V,C,H){this.element=V,this.type=6,this._$AN=void 0,this._$AM=C,this.options=H}get _$AU(){return this._$AM._$AU}_$AI(V){L1(this,V)}},a5={M:o2,P:G,A:a2,C:1,L:o5,R:R1,D:r5,V:L1,I:a1,H:M1,N:E1,U:$1,B:F1,F:D1},u3=i2.litHtmlPolyfillSupport;u3?.(h1,a1),(i2.litHtmlVersions??=[]).push("3.3.3");var A5=(M,V,C)=>{let H=C?.renderBefore??V,L=H._$litPart$;if(L===void 0){let e=C?.renderBefore??null;H._$litPart$=L=new a1(V.insertBefore(c1(),e),e,void 0,C??{})}return L._$AI(M),L};var n2=globalThis,c=class extends U{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let V=super.createRenderRoot();return this.renderOptions.renderBefore??=V.firstChild,V}update(V){let C=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(V),this._$Do=A5(C,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return Q}};c._$litElement$=!0,c.finalized=!0,n2.litElementHydrateSupport?.({LitElement:c});var c3=n2.litElementPolyfillSupport;c3?.({LitElement:c});(n2.litElementVersions??=[]).push("4.2.2");var S3={attribute:!0,type:String,converter:Z1,reflect:!1,hasChanged:B1},h3=(M=S3,V,C)=>{let{kind:H,metadata:L}=C,e=globalThis.litPropertyMetadata.get(L);if(e===void 0&&globalThis.litPropertyMetadata.set(L,e=new Map),H==="setter"&&((M=Object.create(M)).wrapped=!0),e.set(C.name,M),H==="accessor"){let{name:r}=C;return{set(t){let i=V.get.call(this);V.set.call(this,t),this.requestUpdate(r,i,M,!0,t)},init(t){return t!==void 0&&this.C(r,void 0,M,t),t}}}if(H==="setter"){let{name:r}=C;return function(t){let i=this[r];V.call(this,t),this.requestUpdate(r,i,M,!0,t)}}throw Error("Unsupported decorator location: "+H)};function p(M){return(V,C)=>typeof C=="object"?h3(M,V,C):((H,L,e)=>{let r=L.hasOwnProperty(e);return L.constructor.createProperty(e,H),r?Object.getOwnPropertyDescriptor(L,e):void 0})(M,V,C)}function h(M){return p({...M,state:!0,attribute:!1})}var e1=(M,V,C)=>(C.configurable=!0,C.enumerable=!0,Reflect.decorate&&typeof V!="object"&&Object.defineProperty(M,V,C),C);function _(M,V){return(C,H,L)=>{let e=r=>r.renderRoot?.querySelector(M)??null;if(V){let{get:r,set:t}=typeof H=="object"?C:L??(()=>{let i=Symbol();return{get(){return this[i]},set(o){this[i]=o}}})();return e1(C,H,{get(){let i=r.call(this);return i===void 0&&(i=e(this),(i!==null||this.hasUpdated)&&t.call(this,i)),i}})}return e1(C,H,{get(){return e(this)}})}}var r1={name:"Clip Download",description:"See what your cameras' clouds have, drag a window over it, and save it as a clip.",loading:"Loading",retry:"Try again",close:"Close",undo:"Undo","kind.alarm":"Alarm","kind.animal":"Animal","kind.ding":"Doorbell","kind.door_activity":"Door activity","kind.motion":"Motion","kind.on_demand":"Live view","kind.on_demand_link":"Shared live view","kind.package":"Package","kind.person":"Person","kind.vehicle":"Vehicle","label.doorbell":"Doorbell","label.parcel":"Parcel","label.visitor":"Visitor","label.incident":"Incident","state.no_cameras":"No cameras yet","state.no_cameras_help":"Add the account of your cameras' cloud, or ask whoever looks after Home Assistant to let you use one.","state.add_account":"Add account","state.missing":"Clip Download is not running","state.missing_help":"The integration is not loaded, or is older than this page. Restart Home Assistant, or look at the integration's page.","state.failed":"The cameras could not be loaded","state.offline":"Connection lost. Reconnecting…","state.day_failed":"The timeline could not be loaded: {reason}","state.events_failed":"{camera}: the events could not be loaded. {reason}","state.nothing_shown":"Choose a camera above.","camera.ok":"Ready","camera.signed_out":"Signed out","camera.unavailable":"Cloud cannot be reached","camera.sign_in":"Sign in","camera.problem":"{camera}: {reason}",cameras:"Cameras","day.label":"Day","day.previous":"Previous day","day.next":"Next day","day.today":"Today","day.pick":"Pick a day","timeline.title":"Timeline","timeline.label":"Timeline of {date}, {from} to {to}","timeline.help":"Plus and minus zoom, arrows move, zero shows the whole day. Enter selects a window, whose edges are sliders. Brackets go to the previous and next event. Escape clears the selection.","timeline.tools":"Timeline tools","timeline.previous_event":"Previous event","timeline.next_event":"Next event","timeline.zoom_in":"Zoom in","timeline.zoom_out":"Zoom out","timeline.whole_day":"Whole day","timeline.start_edge":"Start of the window","timeline.end_edge":"End of the window","timeline.edge_value":"{time}, window of {length}","timeline.event_selected":"{what}, {camera}, {time}, {length}","timeline.no_more_events":"No more events on this day","timeline.hint_drag":"Drag over the timeline to choose what to save, or tap an event.","timeline.hint_touch":"Touch and hold, then drag to choose what to save, or tap an event.","legend.footage":"In the cloud","legend.none":"No footage","legend.clip":"Saved","legend.job":"Being saved","preset.title":"Quick choices","preset.last_minutes.one":"Last {count} min","preset.last_minutes.other":"Last {count} min","preset.last_event":"Last event","preset.no_event":"No event on this day.","save.title":"Selected window","save.start":"Start","save.end":"End","save.earlier":"{edge} 10 seconds earlier","save.later":"{edge} 10 seconds later","save.wrong_time":"Not a time in this window","save.clear":"Clear selection","save.label":"Label","save.cameras":"Cameras to save","save.about":"about {size}","save.save":"Save {length}","save.again":"Save again","save.play_saved":"Play saved clip","save.only_events":"{camera}: its cloud keeps only recordings of events. Choose an event.","jobs.title":"Saving","jobs.progress":"Progress of {what}","jobs.queued":"In the queue","jobs.waiting":"Waiting for the cloud","jobs.next_try":"{reason} ({left})","jobs.bytes":"Downloading, {received}","jobs.bytes_of":"Downloading {share}, {received} of {size}","jobs.parts_of":"Downloading part {done} of {parts}, {received}","jobs.finishing":"Joining","jobs.saved":"Saved","jobs.failed":"Not saved","jobs.cancelled":"Cancelled","jobs.cancel":"Cancel","jobs.retry":"Try again","jobs.dismiss":"Hide","jobs.play":"Play","clips.title":"Clips","clips.empty":"No clips saved on this day.","clips.more":"Show more","clips.play":"Play","clips.not_playable":"This clip cannot be played here. It may have been moved or deleted.","clips.kept":"Kept","clips.partial":"Partial","clips.keep":"Keep: never delete by itself","clips.release":"Kept. Press to release","clips.label":"Edit label","clips.download":"Download","clips.delete":"Delete","clips.close":"Close player","clips.gaps.one":"{count} gap","clips.gaps.other":"{count} gaps","clips.deleted.one":"{count} clip will be deleted","clips.deleted.other":"{count} clips will be deleted","spared.kept":"Not deleted: the clip is kept. Release it first.","spared.changed":"Not deleted: the file was changed after it was saved.","spared.foreign":"Not deleted: the file that describes the clip is missing, or is of another clip.","spared.linked":"Not deleted: there is a link in its place.","spared.away":"Not deleted: its disk or network drive is not there.","spared.refused":"Not deleted: Home Assistant may not delete this file.","spared.not_found":"This clip is not there any more.","card.name":"Clip Download timeline","card.editor.title":"Title","card.editor.entities":"Cameras","card.editor.show_clips":"Show saved clips","card.editor.show_presets":"Show quick choices","card.suggestion":"Timeline of this camera","strategy.name":"Footage","strategy.description":"A view with the timeline and clips of each camera of Clip Download."};var d5={en:r1},g3=M=>/^(ar|fa|he|ur)\b/.test(M),n5=new Map,T=M=>{let V=n5.get(M);if(V)return V;let C=d5[M]??d5[M.split("-")[0]??"en"],H=g3(M)?i=>`⁨${i}⁩`:i=>i,L=new Intl.PluralRules(C?M:"en"),e=new Intl.NumberFormat(M),r=(i,o)=>(C?.[i]??r1[i]).replace(/\{(\w+)\}/g,(n,A)=>H(String(o?.[A]??n))),t=Object.assign(r,{plural:(i,o)=>{let n=`${i}.${L.select(o)}`;return r(n in r1?n:`${i}.other`,{count:e.format(o)})}});return n5.set(M,t),t},N1=(M,V)=>`kind.${V}`in r1?A1(M,V):V,p5=(M,V)=>{let C=`spared.${V}`;return C in r1?M(C):V},A1=(M,V)=>{let C=`kind.${V}`;return C in r1?M(C):V.replaceAll("_"," ")};var O3=M=>Object.keys(M.entities??{}).filter(V=>p2(M,V)),p2=(M,V)=>V.startsWith("camera.")&&M.entities?.[V]?.platform==="clip_download",b3=M=>{if(typeof M!="object"||M===null)throw new Error("The configuration is not a mapping");let{entities:V,title:C}=M;if(C!==void 0&&typeof C!="string")throw new Error("title: expected text");if(V!==void 0&&!(Array.isArray(V)&&V.every(H=>typeof H=="string"&&H.startsWith("camera."))))throw new Error("entities: expected a list of cameras");for(let H of["show_clips","show_presets"]){let L=M[H];if(L!==void 0&&typeof L!="boolean")throw new Error(`${H}: expected true or false`)}return M},t1=class extends c{setConfig(V){this._config=b3(V)}getCardSize(){return this._config?.show_clips===!1?7:11}getGridOptions(){return{columns:"full",min_columns:6,rows:"auto"}}static getConfigElement(){return document.createElement("clip-download-card-editor")}static getStubConfig(V){return{entities:O3(V).slice(0,1)}}render(){let V=this._config;return!V||!this.hass?m:d`<ha-card .header=${V.title}>
      <div class="content ${V.title?"titled":""}">
        <clip-download-view
          plain
          .hass=${this.hass}
          .entityIds=${V.entities??y3}
          .hideClips=${V.show_clips===!1}
          .hidePresets=${V.show_presets===!1}
        ></clip-download-view>
      </div>
    </ha-card>`}};t1.styles=S`
    :host {
      display: block;
    }
    .content {
      padding: 16px 16px 4px;
    }
    .titled {
      padding-top: 0;
    }
  `,a([p({attribute:!1})],t1.prototype,"hass",2),a([h()],t1.prototype,"_config",2);var y3=[],i1=class extends c{constructor(){super(...arguments);this._hasForm=customElements.get("ha-form")!==void 0;this._schema=[{name:"title",selector:{text:{}}},{name:"entities",selector:{entity:{multiple:!0,filter:{integration:"clip_download",domain:"camera"}}}},{name:"show_presets",default:!0,selector:{boolean:{}}},{name:"show_clips",default:!0,selector:{boolean:{}}}];this._label=C=>T(this.hass?.locale.language??"en")(`card.editor.${C.name}`)}setConfig(C){this._config=C}connectedCallback(){super.connectedCallback(),this._hasForm||customElements.whenDefined("ha-form").then(()=>this._hasForm=!0)}render(){if(!this.hass||!this._config||!this._hasForm)return m;let C={show_presets:!0,show_clips:!0,...this._config};return d`<ha-form
      .hass=${this.hass}
      .data=${C}
      .schema=${this._schema}
      .computeLabel=${this._label}
      @value-changed=${this._changed}
    ></ha-form>`}_changed(C){C.stopPropagation();let H={...C.detail.value};H.show_clips&&delete H.show_clips,H.show_presets&&delete H.show_presets,H.title||delete H.title,H.entities?.length||delete H.entities,this.dispatchEvent(new CustomEvent("config-changed",{detail:{config:H},bubbles:!0,composed:!0}))}};a([p({attribute:!1})],i1.prototype,"hass",2),a([h()],i1.prototype,"_config",2),a([h()],i1.prototype,"_hasForm",2);var m5={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},l5=M=>(...V)=>({_$litDirective$:M,values:V}),I1=class{constructor(V){}get _$AU(){return this._$AM._$AU}_$AT(V,C,H){this._$Ct=V,this._$AM=C,this._$Ci=H}_$AS(V,C){return this.update(V,C)}update(V,C){return this.render(...C)}};var{I:k3}=a5,v5=M=>M;var s5=()=>document.createComment(""),d1=(M,V,C)=>{let H=M._$AA.parentNode,L=V===void 0?M._$AB:V._$AA;if(C===void 0){let e=H.insertBefore(s5(),L),r=H.insertBefore(s5(),L);C=new k3(e,r,M,M.options)}else{let e=C._$AB.nextSibling,r=C._$AM,t=r!==M;if(t){let i;C._$AQ?.(M),C._$AM=M,C._$AP!==void 0&&(i=M._$AU)!==r._$AU&&C._$AP(i)}if(e!==L||t){let i=C._$AA;for(;i!==e;){let o=v5(i).nextSibling;v5(H).insertBefore(i,L),i=o}}}return C},J=(M,V,C=M)=>(M._$AI(V,C),M),w3={},x5=(M,V=w3)=>M._$AH=V,Z5=M=>M._$AH,W1=M=>{M._$AR(),M._$AA.remove()};var u5=(M,V,C)=>{let H=new Map;for(let L=V;L<=C;L++)H.set(M[L],L);return H},z1=l5(class extends I1{constructor(M){if(super(M),M.type!==m5.CHILD)throw Error("repeat() can only be used in text expressions")}dt(M,V,C){let H;C===void 0?C=V:V!==void 0&&(H=V);let L=[],e=[],r=0;for(let t of M)L[r]=H?H(t,r):r,e[r]=C(t,r),r++;return{values:e,keys:L}}render(M,V,C){return this.dt(M,V,C).values}update(M,[V,C,H]){let L=Z5(M),{values:e,keys:r}=this.dt(V,C,H);if(!Array.isArray(L))return this.ut=r,e;let t=this.ut??=[],i=[],o,n,A=0,l=L.length-1,s=0,v=e.length-1;for(;A<=l&&s<=v;)if(L[A]===null)A++;else if(L[l]===null)l--;else if(t[A]===r[s])i[s]=J(L[A],e[s]),A++,s++;else if(t[l]===r[v])i[v]=J(L[l],e[v]),l--,v--;else if(t[A]===r[v])i[v]=J(L[A],e[v]),d1(M,i[v+1],L[A]),A++,v--;else if(t[l]===r[s])i[s]=J(L[l],e[s]),d1(M,L[A],L[l]),l--,s++;else if(o===void 0&&(o=u5(r,s,v),n=u5(t,A,l)),o.has(t[A]))if(o.has(t[l])){let u=n.get(r[s]),O=u!==void 0?L[u]:null;if(O===null){let E=d1(M,L[A]);J(E,e[s]),i[s]=E}else i[s]=J(O,e[s]),d1(M,L[A],O),L[u]=null;s++}else W1(L[l]),l--;else W1(L[A]),A++;for(;s<=v;){let u=d1(M,i[v+1]);J(u,e[s]),i[s++]=u}for(;A<=l;){let u=L[A++];u!==null&&W1(u)}return this.ut=r,x5(M,i),Q}});var Z=(M,V="")=>d`<svg class="icon ${V}" viewBox="0 0 24 24" aria-hidden="true"><path d=${M}></path></svg>`;var c5="M12,4A4,4 0 0,1 16,8A4,4 0 0,1 12,12A4,4 0 0,1 8,8A4,4 0 0,1 12,4M12,14C16.42,14 20,15.79 20,18V20H4V18C4,15.79 7.58,14 12,14Z";var S5="M6,6.9L3.87,4.78L5.28,3.37L7.4,5.5L6,6.9M13,1V4H11V1H13M20.13,4.78L18,6.9L16.6,5.5L18.72,3.37L20.13,4.78M4.5,10.5V12.5H1.5V10.5H4.5M19.5,10.5H22.5V12.5H19.5V10.5M6,20H18A2,2 0 0,1 20,22H4A2,2 0 0,1 6,20M12,5A6,6 0 0,1 18,11V19H6V11A6,6 0 0,1 12,5Z";var X="M11,15H13V17H11V15M11,7H13V13H11V7M12,2C6.47,2 2,6.5 2,12A10,10 0 0,0 12,22A10,10 0 0,0 22,12A10,10 0 0,0 12,2M12,20A8,8 0 0,1 4,12A8,8 0 0,1 12,4A8,8 0 0,1 20,12A8,8 0 0,1 12,20Z";var m2="M9,11H15V8L19,12L15,16V13H9V16L5,12L9,8V11M2,20V4H4V20H2M20,20V4H22V20H20Z";var l2="M13,9V15H16L12,19L8,15H11V9H8L12,5L16,9H13M4,2H20V4H4V2M4,20H20V22H4V20Z";var h5="M21,19V20H3V19L5,17V11C5,7.9 7.03,5.17 10,4.29C10,4.19 10,4.1 10,4A2,2 0 0,1 12,2A2,2 0 0,1 14,4C14,4.1 14,4.19 14,4.29C16.97,5.17 19,7.9 19,11V17L21,19M14,21A2,2 0 0,1 12,23A2,2 0 0,1 10,21M19.75,3.19L18.33,4.61C20.04,6.3 21,8.6 21,11H23C23,8.07 21.84,5.25 19.75,3.19M1,11H3C3,8.6 3.96,6.3 5.67,4.61L4.25,3.19C2.16,5.25 1,8.07 1,11Z";var v2="M7,10H12V15H7M19,19H5V8H19M19,3H18V1H16V3H8V1H6V3H5C3.89,3 3,3.9 3,5V19A2,2 0 0,0 5,21H19A2,2 0 0,0 21,19V5A2,2 0 0,0 19,3Z";var f5="M5,11L6.5,6.5H17.5L19,11M17.5,16A1.5,1.5 0 0,1 16,14.5A1.5,1.5 0 0,1 17.5,13A1.5,1.5 0 0,1 19,14.5A1.5,1.5 0 0,1 17.5,16M6.5,16A1.5,1.5 0 0,1 5,14.5A1.5,1.5 0 0,1 6.5,13A1.5,1.5 0 0,1 8,14.5A1.5,1.5 0 0,1 6.5,16M18.92,6C18.72,5.42 18.16,5 17.5,5H6.5C5.84,5 5.28,5.42 5.08,6L3,12V20A1,1 0 0,0 4,21H5A1,1 0 0,0 6,20V19H18V20A1,1 0 0,0 19,21H20A1,1 0 0,0 21,20V12L18.92,6Z";var f1="M6.03 12.03L8.03 15.5L5.5 18.68L2 12.62L6.03 12.03M17 18V15.29C17.88 14.9 18.5 14.03 18.5 13C18.5 12.43 18.3 11.9 17.97 11.5L19.94 10.35C20.95 9.76 21.3 8.47 20.71 7.46L19.33 5.06C18.74 4.05 17.45 3.7 16.44 4.28L8.31 9C7.36 9.53 7.03 10.75 7.58 11.71L9.08 14.31C9.63 15.26 10.86 15.59 11.81 15.04L13.69 13.96C13.94 14.55 14.41 15.03 15 15.29V18C15 19.1 15.9 20 17 20H22V18H17Z";var s2="M12 2C6.5 2 2 6.5 2 12S6.5 22 12 22 22 17.5 22 12 17.5 2 12 2M12 20C7.59 20 4 16.41 4 12S7.59 4 12 4 20 7.59 20 12 16.41 20 12 20M16.59 7.58L10 14.17L7.41 11.59L6 13L10 17L18 9L16.59 7.58Z";var x2="M15.41,16.58L10.83,12L15.41,7.41L14,6L8,12L14,18L15.41,16.58Z";var Z2="M8.59,16.58L13.17,12L8.59,7.41L10,6L16,12L10,18L8.59,16.58Z";var U1="M12,20A8,8 0 0,0 20,12A8,8 0 0,0 12,4A8,8 0 0,0 4,12A8,8 0 0,0 12,20M12,2A10,10 0 0,1 22,12A10,10 0 0,1 12,22C6.47,22 2,17.5 2,12A10,10 0 0,1 12,2M12.5,7V12.25L17,14.92L16.25,16.15L11,13V7H12.5Z";var $="M19,6.41L17.59,5L12,10.59L6.41,5L5,6.41L10.59,12L5,17.59L6.41,19L12,13.41L17.59,19L19,17.59L13.41,12L19,6.41Z";var u2="M19.8 22.6L17.15 20H6.5Q4.2 20 2.6 18.4T1 14.5Q1 12.58 2.19 11.08 3.38 9.57 5.25 9.15 5.33 8.95 5.4 8.76 5.5 8.57 5.55 8.35L1.4 4.2L2.8 2.8L21.2 21.2M6.5 18H15.15L7.1 9.95Q7.05 10.23 7.03 10.5 7 10.73 7 11H6.5Q5.05 11 4.03 12.03 3 13.05 3 14.5 3 15.95 4.03 17 5.05 18 6.5 18M11.13 14M21.6 18.75L20.15 17.35Q20.58 17 20.79 16.54 21 16.08 21 15.5 21 14.45 20.27 13.73 19.55 13 18.5 13H17V11Q17 8.93 15.54 7.46 14.08 6 12 6 11.33 6 10.7 6.16 10.07 6.33 9.5 6.68L8.05 5.23Q8.93 4.63 9.91 4.31 10.9 4 12 4 14.93 4 16.96 6.04 19 8.07 19 11 20.73 11.2 21.86 12.5 23 13.78 23 15.5 23 16.5 22.63 17.31 22.25 18.15 21.6 18.75M14.83 12.03Z";var c2="M19,4H15.5L14.5,3H9.5L8.5,4H5V6H19M6,19A2,2 0 0,0 8,21H16A2,2 0 0,0 18,19V7H6V19Z";var g5="M8,3C6.89,3 6,3.89 6,5V21H18V5C18,3.89 17.11,3 16,3H8M8,5H16V19H8V5M13,11V13H15V11H13Z";var I="M5,20H19V18H5M19,9H15V3H9V9H5L12,16L19,9Z";var O5="M12,9A3,3 0 0,0 9,12A3,3 0 0,0 12,15A3,3 0 0,0 15,12A3,3 0 0,0 12,9M12,17A5,5 0 0,1 7,12A5,5 0 0,1 12,7A5,5 0 0,1 17,12A5,5 0 0,1 12,17M12,4.5C7,4.5 2.73,7.61 1,12C2.73,16.39 7,19.5 12,19.5C17,19.5 21.27,16.39 23,12C21.27,7.61 17,4.5 12,4.5Z";var G1="M18,9H16V7H18M18,13H16V11H18M18,17H16V15H18M8,9H6V7H8M8,13H6V11H8M8,17H6V15H8M18,3V5H16V3H8V5H6V3H4V21H6V19H8V21H16V19H18V21H20V3H18Z";var S2="M15.5,14H14.71L14.43,13.73C15.41,12.59 16,11.11 16,9.5A6.5,6.5 0 0,0 9.5,3A6.5,6.5 0 0,0 3,9.5A6.5,6.5 0 0,0 9.5,16C11.11,16 12.59,15.41 13.73,14.43L14,14.71V15.5L19,20.5L20.5,19L15.5,14M9.5,14C7,14 5,12 5,9.5C5,7 7,5 9.5,5C12,5 14,7 14,9.5C14,12 12,14 9.5,14M7,9H12V10H7V9Z";var h2="M15.5,14L20.5,19L19,20.5L14,15.5V14.71L13.73,14.43C12.59,15.41 11.11,16 9.5,16A6.5,6.5 0 0,1 3,9.5A6.5,6.5 0 0,1 9.5,3A6.5,6.5 0 0,1 16,9.5C16,11.11 15.41,12.59 14.43,13.73L14.71,14H15.5M9.5,14C12,14 14,12 14,9.5C14,7 12,5 9.5,5C7,5 5,7 5,9.5C5,12 7,14 9.5,14M12,10H10V12H9V10H7V9H9V7H10V9H12V10Z";var f2="M19,13H5V11H19V13Z";var b5="M10,0.2C9,0.2 8.2,1 8.2,2C8.2,3 9,3.8 10,3.8C11,3.8 11.8,3 11.8,2C11.8,1 11,0.2 10,0.2M15.67,1A7.33,7.33 0 0,0 23,8.33V7A6,6 0 0,1 17,1H15.67M18.33,1C18.33,3.58 20.42,5.67 23,5.67V4.33C21.16,4.33 19.67,2.84 19.67,1H18.33M21,1A2,2 0 0,0 23,3V1H21M7.92,4.03C7.75,4.03 7.58,4.06 7.42,4.11L2,5.8V11H3.8V7.33L5.91,6.67L2,22H3.8L6.67,13.89L9,17V22H10.8V15.59L8.31,11.05L9.04,8.18L10.12,10H15V8.2H11.38L9.38,4.87C9.08,4.37 8.54,4.03 7.92,4.03Z";var y5="M2,10.96C1.5,10.68 1.35,10.07 1.63,9.59L3.13,7C3.24,6.8 3.41,6.66 3.6,6.58L11.43,2.18C11.59,2.06 11.79,2 12,2C12.21,2 12.41,2.06 12.57,2.18L20.47,6.62C20.66,6.72 20.82,6.88 20.91,7.08L22.36,9.6C22.64,10.08 22.47,10.69 22,10.96L21,11.54V16.5C21,16.88 20.79,17.21 20.47,17.38L12.57,21.82C12.41,21.94 12.21,22 12,22C11.79,22 11.59,21.94 11.43,21.82L3.53,17.38C3.21,17.21 3,16.88 3,16.5V10.96C2.7,11.13 2.32,11.14 2,10.96M12,4.15V4.15L12,10.85V10.85L17.96,7.5L12,4.15M5,15.91L11,19.29V12.58L5,9.21V15.91M19,15.91V12.69L14,15.59C13.67,15.77 13.3,15.76 13,15.6V19.29L19,15.91M13.85,13.36L20.13,9.73L19.55,8.72L13.27,12.35L13.85,13.36Z";var k5="M8.35,3C9.53,2.83 10.78,4.12 11.14,5.9C11.5,7.67 10.85,9.25 9.67,9.43C8.5,9.61 7.24,8.32 6.87,6.54C6.5,4.77 7.17,3.19 8.35,3M15.5,3C16.69,3.19 17.35,4.77 17,6.54C16.62,8.32 15.37,9.61 14.19,9.43C13,9.25 12.35,7.67 12.72,5.9C13.08,4.12 14.33,2.83 15.5,3M3,7.6C4.14,7.11 5.69,8 6.5,9.55C7.26,11.13 7,12.79 5.87,13.28C4.74,13.77 3.2,12.89 2.41,11.32C1.62,9.75 1.9,8.08 3,7.6M21,7.6C22.1,8.08 22.38,9.75 21.59,11.32C20.8,12.89 19.26,13.77 18.13,13.28C17,12.79 16.74,11.13 17.5,9.55C18.31,8 19.86,7.11 21,7.6M19.33,18.38C19.37,19.32 18.65,20.36 17.79,20.75C16,21.57 13.88,19.87 11.89,19.87C9.9,19.87 7.76,21.64 6,20.75C5,20.26 4.31,18.96 4.44,17.88C4.62,16.39 6.41,15.59 7.47,14.5C8.88,13.09 9.88,10.44 11.89,10.44C13.89,10.44 14.95,13.05 16.3,14.5C17.41,15.72 19.26,16.75 19.33,18.38Z";var g2="M20.71,7.04C21.1,6.65 21.1,6 20.71,5.63L18.37,3.29C18,2.9 17.35,2.9 16.96,3.29L15.12,5.12L18.87,8.87M3,17.25V21H6.75L17.81,9.93L14.06,6.18L3,17.25Z";var n1="M16,12V4H17V2H7V4H8V12L6,14V16H11.2V22H12.8V16H18V14L16,12Z";var O2="M16,12V4H17V2H7V4H8V12L6,14V16H11.2V22H12.8V16H18V14L16,12M8.8,14L10,12.8V4H14V12.8L15.2,14H8.8Z";var g1="M8,5.14V19.14L19,12.14L8,5.14Z";var b2="M19,13H13V19H11V13H5V11H11V5H13V11H19V13Z";var y2="M17.65,6.35C16.2,4.9 14.21,4 12,4A8,8 0 0,0 4,12A8,8 0 0,0 12,20C15.73,20 18.84,17.45 19.73,14H17.65C16.83,16.33 14.61,18 12,18A6,6 0 0,1 6,12A6,6 0 0,1 12,6C13.66,6 15.14,6.69 16.22,7.78L13,11H20V4L17.65,6.35Z";var k2="M16,18H18V6H16M6,18L14.5,12L6,6V18Z";var w2="M6,18V6H8V18H6M9.5,12L18,6V18L9.5,12Z";var w5={icon:b5,color:"--blue-grey-color",fallback:"#607d8b",rank:7},P2={ding:{icon:h5,color:"--orange-color",fallback:"#ef6c00",rank:0},alarm:{icon:S5,color:"--red-color",fallback:"#e53935",rank:1},package:{icon:y5,color:"--brown-color",fallback:"#8d6e63",rank:2},person:{icon:c5,color:"--purple-color",fallback:"#9c27b0",rank:3},vehicle:{icon:f5,color:"--indigo-color",fallback:"#5c6bc0",rank:4},animal:{icon:k5,color:"--green-color",fallback:"#43a047",rank:5},door_activity:{icon:g5,color:"--teal-color",fallback:"#00897b",rank:6},motion:w5,on_demand:{icon:O5,color:"--blue-grey-color",fallback:"#607d8b",rank:8},on_demand_link:{icon:I,color:"--blue-grey-color",fallback:"#607d8b",rank:9}},P5=(M,V)=>[M,...V].reduce((C,H)=>Q1(H).rank<Q1(C).rank?H:C,M),Q1=M=>P2[M]??w5;var b=S`
  :host {
    --cd-text: var(--primary-text-color, #141414);
    --cd-faint: var(--secondary-text-color, #5e5e5e);
    --cd-ground: var(--card-background-color, #fff);
    --cd-line: var(--divider-color, rgba(0, 0, 0, 0.12));
    --cd-primary: var(--primary-color, #009ac7);
    /* The theme's own is too bright for white text on it, and for text of its color. */
    --cd-strong: color-mix(in srgb, var(--cd-primary) 72%, black);
    --cd-link: color-mix(in srgb, var(--cd-primary) 55%, var(--cd-text));
    --cd-on-strong: #fff;
    --cd-error: color-mix(in srgb, var(--error-color, #db4437) 65%, var(--cd-text));
    --cd-soft: color-mix(in srgb, var(--cd-text) 7%, transparent);
    --cd-radius: 8px;
    color: var(--cd-text);
    font-family: var(--ha-font-family-body, var(--paper-font-body1_-_font-family, Roboto, Noto, sans-serif));
    font-size: 14px;
    line-height: 20px;
    box-sizing: border-box;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  [hidden] {
    display: none !important;
  }
  button,
  input {
    font: inherit;
    color: inherit;
    margin: 0;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: 44px;
    min-width: 44px;
    padding: 0 14px;
    border: 0;
    border-radius: 22px;
    background: transparent;
    color: var(--cd-text);
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }
  button:hover,
  .button:hover {
    background: var(--cd-soft);
  }
  button:disabled {
    color: var(--disabled-text-color, #8c8c8c);
    cursor: default;
    background: transparent;
  }
  button.icon,
  .button.icon {
    padding: 0;
    width: 44px;
  }
  button.outlined {
    box-shadow: inset 0 0 0 1px var(--cd-line);
  }
  button.primary {
    background: var(--cd-strong);
    color: var(--cd-on-strong);
    padding: 0 20px;
  }
  button.primary:hover {
    background: color-mix(in srgb, var(--cd-strong) 88%, black);
  }
  button.primary:disabled {
    background: var(--cd-soft);
    color: var(--cd-faint);
  }
  :focus {
    outline: none;
  }
  :focus-visible {
    outline: 2px solid var(--cd-link);
    outline-offset: 2px;
  }
  input {
    min-height: 44px;
    padding: 0 12px;
    border: 1px solid var(--cd-faint);
    border-radius: var(--cd-radius);
    background: var(--cd-ground);
    min-width: 0;
  }
  input::placeholder {
    color: var(--cd-faint);
    opacity: 1;
  }
  svg.icon {
    width: 24px;
    height: 24px;
    flex: none;
    fill: currentColor;
  }
  svg.small {
    width: 18px;
    height: 18px;
  }
  h2 {
    margin: 0;
    font-size: 16px;
    font-weight: 500;
    line-height: 24px;
  }
  .hidden-text {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;var W=M=>new Date(M).toISOString(),x=M=>Date.parse(M),_5=new Map,P3=M=>{let V=_5.get(M);return V||(V=new Intl.DateTimeFormat("en-US",{timeZone:M,hourCycle:"h23",year:"numeric",month:"numeric",day:"numeric",hour:"numeric",minute:"numeric",second:"numeric"}),_5.set(M,V)),V},O1=(M,V)=>{let C={year:0,month:0,day:0,hour:0,minute:0,second:0};for(let H of P3(V).formatToParts(M))H.type in C&&(C[H.type]=Number(H.value));return C},_2=M=>Date.UTC(M.year,M.month-1,M.day,M.hour,M.minute,M.second),K1=(M,V)=>{let C=Math.floor(M/1e3)*1e3;return _2(O1(C,V))-C},B2=(M,V)=>{let C=_2(M),H=C-K1(C-24*36e5,V),L=C-K1(C+24*36e5,V);for(let e of H<L?[H,L]:[L,H])if(_2(O1(e,V))===C)return e;return H},F=(M,V,C=0)=>{let{year:H,month:L,day:e}=O1(M,V),r=t=>{let i=new Date(Date.UTC(H,L-1,e+t)),o={year:i.getUTCFullYear(),month:i.getUTCMonth()+1,day:i.getUTCDate(),hour:0,minute:0,second:0};return B2(o,V)};return{id:new Date(Date.UTC(H,L-1,e+C)).toISOString().slice(0,10),start:r(C),end:r(C+1)}},q1=(M,V)=>{let[C=0,H=1,L=1]=M.split("-").map(Number);return F(B2({year:C,month:H,day:L,hour:12,minute:0,second:0},V),V)},B5=(M,V,C,H)=>{let L=M.replace(/[\u0660-\u0669]/g,A=>String(A.charCodeAt(0)-1632)).replace(/[\u06f0-\u06f9]/g,A=>String(A.charCodeAt(0)-1776)).trim().toLowerCase(),e=/^(\d{1,2})(?:[:.\s]?(\d{2}))?(?:[:.\s]?(\d{2}))?\s*([ap])?\.?\s*(?:m\.?)?$/.exec(L);if(!e)return null;let r=Number(e[1]),t=Number(e[2]??0),i=Number(e[3]??0);if(e[4]){if(r<1||r>12)return null;r=r%12+(e[4]==="p"?12:0)}if(r>23||t>59||i>59)return null;let o=[-1,0,1].map(A=>{let[l=0,s=0,v=0]=F(V,C,A).id.split("-").map(Number);return B2({year:l,month:s,day:v,hour:r,minute:t,second:i},C)}),n=H?o.filter(A=>H.start<=A&&A<=H.end):[];return(n.length?n:o).reduce((A,l)=>Math.abs(l-V)<Math.abs(A-V)?l:A)},D=(M,V,C)=>Math.min(Math.max(M,V),C);var _3=M=>M.path.split("/").at(-1)??"clip.mp4",y=class extends c{constructor(){super(...arguments);this.clips=[];this.cameras=[];this.loading=!1;this.hasMore=!1;this.offline=!1;this._openId=null;this._isEditing=!1;this._played=0;this._isBroken=!1}open(C){this._openId=C,this._isEditing=!1,this._isBroken=!1,this._played=0,this.updateComplete.then(()=>{this._player?.scrollIntoView({block:"nearest",behavior:"smooth"}),this._video?.focus({preventScroll:!0})})}close(){let C=this._openId;this._openId=null,this.updateComplete.then(()=>{this.renderRoot.querySelector(`button[data-clip="${CSS.escape(C??"")}"]`)?.focus()})}willUpdate(C){let H=this._openId!==null&&!this.clips.some(L=>L.id===this._openId);C.has("clips")&&H&&!this.loading&&(this._openId=null)}_send(C,H){this.dispatchEvent(new CustomEvent(C,{detail:H}))}_name(C){return this.cameras.find(H=>H.entity_id===C.entity_id)?.name??C.camera}render(){let{localize:C,clips:H}=this;return d`
      <h2>
        ${C("clips.title")}
        ${H.length?d`<span class="count">${this.format.count(H.length)}${this.hasMore?"+":""}</span>`:m}
      </h2>
      ${H.length?d`<ul>
            ${z1(H,L=>L.id,L=>d`<li>${this._card(L)}</li>
                ${L.id===this._openId?this._open(L):m}`)}
          </ul>`:this._empty()}
      ${this.hasMore?d`<button
            class="outlined more"
            ?disabled=${this.loading}
            @click=${()=>this.dispatchEvent(new CustomEvent("more"))}
          >
            ${C("clips.more")}
          </button>`:m}
    `}_empty(){return this.loading?d`<ul aria-busy="true" aria-label=${this.localize("loading")}>
        ${[0,1,2,3].map(()=>d`<li class="bones" aria-hidden="true"></li>`)}
      </ul>`:d`<p class="empty">${Z(G1)} ${this.localize("clips.empty")}</p>`}_card(C){let{localize:H,format:L}=this,e=x(C.start),r=C.id===this._openId,t=L.length(C.duration_s*1e3);return d`<button
      class="card ${r?"open":""}"
      data-clip=${C.id}
      aria-expanded=${r}
      @click=${()=>r?this.close():this.open(C.id)}
    >
      <span class="hidden-text">${H("clips.play")}</span>
      <span class="picture">
        ${C.picture?d`<img src=${C.picture} alt="" loading="lazy" decoding="async" @error=${this._noPicture} />`:Z(G1)}
        <span class="badge length">${t}</span>
        ${C.kept?d`<span class="badge pin">${Z(n1,"small")}<span class="hidden-text">${H("clips.kept")}</span></span>`:m}
        ${C.status==="partial"?d`<span class="badge partial">${H("clips.partial")}</span>`:m}
      </span>
      <span class="text">
        <span><b>${L.seconds(e)}</b> <bdi>${this._name(C)}</bdi></span>
        <span class="faint"><bdi>${this._what(C)}</bdi></span>
      </span>
    </button>`}_what(C){let H=[...C.kinds,...C.seen].map(L=>A1(this.localize,L));return[...new Set([N1(this.localize,C.label),...H])].filter(Boolean).join(" · ")}_noPicture(C){C.target.remove()}_open(C){let{localize:H,format:L}=this,e=x(C.start),r=`${this._name(C)}, ${L.seconds(e)}`,t=H(C.kept?"clips.release":"clips.keep");return d`<li class="player" aria-label=${r} @keydown=${this._playerKey}>
      <div class="stage">
        ${C.url&&!this._isBroken?d`<video
              src=${C.url}
              poster=${C.picture??m}
              aria-label=${r}
              controls
              autoplay
              muted
              playsinline
              preload="metadata"
              @timeupdate=${this._ticked}
              @error=${()=>this._isBroken=!0}
            ></video>`:d`<p class="empty" role="alert">${H("clips.not_playable")}</p>`}
      </div>
      ${this._marks(C)}
      <div class="about">
        <p>
          <b dir="auto">${this._name(C)}</b>
          <span class="faint">${L.date(e)}, ${L.seconds(e)} – ${L.seconds(x(C.end))}</span>
          ${this._isEditing?this._edit(C):d`<span class="faint"><bdi>${this._what(C)}</bdi> ${L.bytes(C.size_bytes)}</span>`}
        </p>
        <div class="actions">
          <button
            class="icon"
            aria-label=${t}
            title=${t}
            aria-pressed=${C.kept}
            ?disabled=${this.offline}
            @click=${()=>this._send("keep",{clip:C,kept:!C.kept})}
          >
            ${Z(C.kept?n1:O2)}
          </button>
          ${this._action("clips.label",g2,()=>this._isEditing=!this._isEditing,this.offline)}
          ${C.url?d`<a
                class="button icon"
                href=${C.url}
                download=${_3(C)}
                aria-label=${H("clips.download")}
                title=${H("clips.download")}
                >${Z(I)}</a
              >`:m}
          ${this._action("clips.delete",c2,()=>this._delete(C),this.offline)}
          ${this._action("clips.close",$,()=>this.close(),!1)}
        </div>
      </div>
    </li>`}_action(C,H,L,e){let r=this.localize(C);return d`<button class="icon" aria-label=${r} title=${r} ?disabled=${e} @click=${L}>
      ${Z(H)}
    </button>`}_marks(C){let H=x(C.start),L=x(C.end)-H,e=r=>`${(r/L*100).toFixed(2)}%`;return d`<div class="marks">
      <div class="line" aria-hidden="true">
        ${C.gaps.map(r=>d`<i
              style="inset-inline-start: ${e(x(r.start)-H)}; width: ${e(x(r.end)-x(r.start))}"
            ></i>`)}
      </div>
      <span>${this.format.seconds(this._wallClock(C))}</span>
      ${C.gaps.length?d`<span>${this.localize.plural("clips.gaps",C.gaps.length)}</span>`:m}
    </div>`}_wallClock(C){let H=x(C.start)+this._played*1e3;for(let L of C.gaps)x(L.start)<=H&&(H+=x(L.end)-x(L.start));return Math.min(H,x(C.end))}_ticked(C){this._played=Math.floor(C.target.currentTime)}_edit(C){return d`<input
      type="text"
      maxlength="100"
      aria-label=${this.localize("clips.label")}
      .value=${C.label}
      @keydown=${H=>{H.key==="Enter"&&this._setLabel(C,H.target),H.key==="Escape"&&(this._isEditing=!1),H.stopPropagation()}}
      @change=${H=>this._setLabel(C,H.target)}
    />`}_setLabel(C,H){if(!this._isEditing)return;this._isEditing=!1;let L=H.value.trim();L!==C.label&&this._send("label",{clip:C,label:L})}_delete(C){this._openId=null,this._send("delete",C)}_playerKey(C){if(C.key==="Escape"){this.close(),C.preventDefault();return}let H=this._video,L=C.target;if(!(!H||C.altKey||C.ctrlKey||C.metaKey)){if(C.key==="ArrowRight"||C.key==="ArrowLeft")H.currentTime+=C.key==="ArrowRight"?5:-5;else if(C.key===" "&&L===H)H.paused?H.play():H.pause();else return;C.preventDefault()}}};y.styles=[b,S`
      :host {
        display: block;
      }
      h2 {
        display: flex;
        gap: 8px;
        align-items: baseline;
      }
      .count,
      .faint {
        color: var(--cd-faint);
        font-weight: 400;
      }
      .count {
        font-size: 14px;
      }
      ul {
        list-style: none;
        margin: 12px 0 0;
        padding: 0;
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(200px, 45%), 1fr));
        grid-auto-flow: dense;
        gap: 12px;
      }
      .card {
        display: block;
        width: 100%;
        padding: 0;
        border-radius: var(--cd-radius);
        text-align: start;
        font-weight: 400;
        content-visibility: auto;
        contain-intrinsic-size: auto 160px;
      }
      .card.open {
        background: var(--cd-soft);
      }
      .picture {
        position: relative;
        display: grid;
        place-items: center;
        aspect-ratio: 16 / 9;
        border-radius: var(--cd-radius);
        overflow: hidden;
        background: var(--cd-soft);
        color: var(--cd-faint);
      }
      .picture img {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .badge {
        position: absolute;
        padding: 0 6px;
        border-radius: 4px;
        background: rgba(0, 0, 0, 0.72);
        color: #fff;
        font-size: 12px;
        line-height: 20px;
        font-variant-numeric: tabular-nums;
      }
      .badge.length {
        bottom: 6px;
        inset-inline-end: 6px;
      }
      .badge.pin {
        top: 6px;
        inset-inline-end: 6px;
        padding: 3px;
        display: flex;
      }
      .badge.partial {
        bottom: 6px;
        inset-inline-start: 6px;
      }
      .text {
        display: grid;
        padding: 6px 4px 8px;
        min-height: 54px;
      }
      .text span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      b {
        font-weight: 500;
        font-variant-numeric: tabular-nums;
      }
      .bones {
        aspect-ratio: 16 / 9;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
        margin-bottom: 54px;
      }
      .empty {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 8px;
        margin: 0;
        padding: 32px 16px;
        color: var(--cd-faint);
        text-align: center;
      }
      .more {
        display: flex;
        margin: 16px auto 0;
      }
      .player {
        grid-column: 1 / -1;
        border-radius: var(--cd-radius);
        background: var(--cd-soft);
        overflow: hidden;
        scroll-margin: 72px;
      }
      .stage {
        display: grid;
        place-items: center;
        background: #000;
        color: #fff;
        aspect-ratio: 16 / 9;
        max-height: 70vh;
        width: 100%;
      }
      .stage .empty {
        color: #ddd;
      }
      video {
        width: 100%;
        height: 100%;
        max-height: 70vh;
        display: block;
      }
      .marks {
        display: flex;
        gap: 12px;
        align-items: center;
        padding: 6px 12px 0;
        font-size: 12px;
        line-height: 16px;
        font-variant-numeric: tabular-nums;
        color: var(--cd-faint);
      }
      .line {
        position: relative;
        flex: 1;
        height: 6px;
        border-radius: 3px;
        background: var(--cd-strong);
        overflow: hidden;
      }
      .line i {
        position: absolute;
        inset-block: 0;
        min-width: 2px;
        background: var(--cd-ground);
      }
      .about {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 12px;
        padding: 4px 4px 4px 12px;
      }
      .about p {
        flex: 1 1 220px;
        margin: 4px 0;
        display: grid;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .actions {
        display: flex;
      }
      [aria-pressed="true"] {
        color: var(--cd-link);
      }
    `],a([p({attribute:!1})],y.prototype,"clips",2),a([p({attribute:!1})],y.prototype,"cameras",2),a([p({attribute:!1})],y.prototype,"format",2),a([p({attribute:!1})],y.prototype,"localize",2),a([p({type:Boolean})],y.prototype,"loading",2),a([p({type:Boolean,attribute:"has-more"})],y.prototype,"hasMore",2),a([p({type:Boolean})],y.prototype,"offline",2),a([h()],y.prototype,"_openId",2),a([h()],y.prototype,"_isEditing",2),a([h()],y.prototype,"_played",2),a([h()],y.prototype,"_isBroken",2),a([_("video")],y.prototype,"_video",2),a([_(".player")],y.prototype,"_player",2);var b1=M=>({start:x(M.start),end:x(M.end)}),T2=(M,V)=>M.start-V.start,R2=M=>M.state==="finishing"||M.state==="saved"?1:M.size_bytes?Math.min(M.received_bytes/M.size_bytes,1):M.parts?Math.min(M.parts_done/M.parts,1):null,o1=M=>M.state==="saved"||M.state==="failed"||M.state==="cancelled",T5=(M,V,C)=>({entityId:M.entity_id,name:M.name,anyWindow:M.any_window,footage:V?.footage?.map(b1).sort(T2)??null,retentionStart:M.retention_start===null?null:x(M.retention_start),lag:M.lag_s*1e3,events:(V?.events??[]).map(H=>{let L=P5(H.kind,H.seen);return{...b1(H),kind:L,look:Q1(L),event:H}}).sort(T2),clips:(V?.clips??[]).map(H=>({...b1(H),gaps:H.gaps.map(b1),kept:H.kept,clip:H})).sort(T2),jobs:C.filter(H=>H.entity_id===M.entity_id&&H.state!=="saved"&&H.state!=="cancelled").map(H=>({...b1(H),share:R2(H),failed:H.state==="failed"}))}),R5=(M,V)=>M.clips.find(C=>C.start<=V.start&&C.end>=V.end)?.clip,F5=(M,V)=>{let C=0;for(let H of M){let L=0,e=0;for(let{clip:r}of H.clips)L+=r.size_bytes,e+=r.duration_s*1e3;if(!e)return null;C+=L/e*(V.end-V.start)}return C||null},j1=(M,V,C)=>{let H;for(let L of M)for(let e of L.events)(C?e.start<=V:e.start>=V)||(!H||(C?e.start<H.mark.start:e.start>H.mark.start))&&(H={row:L,mark:e});return H},J1=M=>M.end-M.start>=1e3?{start:M.start,end:M.end}:{start:M.start,end:M.start+6e4};var B3=[1,5,15],k=class extends c{constructor(){super(...arguments);this.rows=[];this.selection=null;this.now=0;this.vertical=!1;this.loading=!1;this.hidePresets=!1;this.busy=!1;this.offline=!1;this._chosen=null}focusTrack(){this._timeline.focusTrack()}updated(C){let H=this._chosen;!H||!C.has("selection")||this.selection!==H||(this._chosen=null,this._timeline.updateComplete.then(()=>this._timeline.reveal(H)))}get _limits(){let{start:C,end:H}=this.bounds;return{start:C,end:Math.max(Math.min(H,this.now+6e4),C+1e3)}}render(){let{localize:C,rows:H}=this;return d`
      <clip-download-timeline
        .rows=${H}
        .bounds=${this.bounds}
        .selection=${this.selection}
        .format=${this.format}
        .localize=${C}
        .now=${this.now}
        .vertical=${this.vertical}
        .loading=${this.loading}
        .theme=${this.theme}
        @selection-changed=${this._pass}
        @clip-opened=${this._pass}
        >${this.hidePresets?m:this._presets()}</clip-download-timeline
      >
      ${this._legend()}
      ${this.selection?d`<clip-download-save
            .rows=${H}
            .limits=${this._limits}
            .selection=${this.selection}
            .format=${this.format}
            .localize=${C}
            .busy=${this.busy}
            .offline=${this.offline}
            @selection-changed=${this._pass}
            @clip-opened=${this._pass}
            @save=${this._pass}
          ></clip-download-save>`:d`<p class="hint">${C(this.vertical?"timeline.hint_touch":"timeline.hint_drag")}</p>`}
    `}_presets(){let C=this.localize;return d`<div class="presets" slot="presets" role="group" aria-label=${C("preset.title")}>
      ${B3.map(H=>d`<button class="outlined" @click=${()=>this._lastMinutes(H)}>
            ${C.plural("preset.last_minutes",H)}
          </button>`)}
      <button class="outlined" @click=${()=>this._lastEvent()}>${C("preset.last_event")}</button>
    </div>`}_legend(){let C=this.localize,H=["footage","none","clip","job"].map(L=>d`<span><i class=${L}></i>${C(`legend.${L}`)}</span>`);return d`<div class="legend">${H}</div>`}_pass(C){this._send(C.type,C.detail)}_send(C,H){this.dispatchEvent(new CustomEvent(C,{detail:H}))}_select(C){this._chosen=C,this._send("selection-changed",C)}_lastMinutes(C){let H=Math.floor(Date.now()/1e3)*1e3,L=this.rows.filter(t=>t.anyWindow),e=this.selection?.entityIds??(L.length?L:this.rows).map(t=>t.entityId),r=Math.max(H-C*6e4,F(H,this.format.zone).start);this._select({start:r,end:Math.max(H,r+1e3),entityIds:e})}_lastEvent(){let C=j1(this.rows,1/0,!1);C?this._select({...J1(C.mark),entityIds:[C.row.entityId]}):this._send("notice",this.localize("preset.no_event"))}};k.styles=[b,S`
      :host {
        display: block;
      }
      .presets {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        margin-top: 12px;
        font-size: 12px;
        line-height: 16px;
        color: var(--cd-faint);
      }
      .legend span {
        display: inline-flex;
        align-items: center;
        gap: 6px;
      }
      .legend i {
        width: 18px;
        height: 10px;
        border-radius: 2px;
      }
      .legend .footage {
        background: color-mix(in srgb, var(--cd-text) 38%, var(--cd-ground));
      }
      .legend .none {
        background: repeating-linear-gradient(-45deg, var(--cd-line) 0 1.5px, transparent 1.5px 4px);
      }
      .legend .clip {
        background: var(--cd-strong);
      }
      .legend .job {
        --job: color-mix(in srgb, var(--warning-color, #ffa600) 80%, var(--cd-text));
        border: 1.5px solid var(--job);
        background: repeating-linear-gradient(-45deg, var(--job) 0 2px, transparent 2px 5px);
      }
      .hint {
        display: flex;
        align-items: center;
        min-height: 44px;
        margin: 16px 0 0;
        color: var(--cd-faint);
      }
      @container (max-width: 600px) {
        .presets {
          display: grid;
          grid-template-columns: 1fr 1fr;
          width: 100%;
        }
      }
    `],a([p({attribute:!1})],k.prototype,"rows",2),a([p({attribute:!1})],k.prototype,"bounds",2),a([p({attribute:!1})],k.prototype,"selection",2),a([p({attribute:!1})],k.prototype,"format",2),a([p({attribute:!1})],k.prototype,"localize",2),a([p({type:Number})],k.prototype,"now",2),a([p({type:Boolean})],k.prototype,"vertical",2),a([p({type:Boolean})],k.prototype,"loading",2),a([p({type:Boolean,attribute:"hide-presets"})],k.prototype,"hidePresets",2),a([p({type:Boolean})],k.prototype,"busy",2),a([p({type:Boolean})],k.prototype,"offline",2),a([p({attribute:!1})],k.prototype,"theme",2),a([_("clip-download-timeline")],k.prototype,"_timeline",2);var R=class extends c{constructor(){super(...arguments);this.cameras=[];this.shown=[];this.now=0;this.fixed=!1}render(){let{localize:C,cameras:H}=this;return d`
      ${H.length>1||!this.fixed?d`<div class="chips" role="group" aria-label=${C("cameras")}>
            ${H.map(L=>this._chip(L,this.shown.includes(L.entity_id)))}
          </div>`:m}
      ${this._dayPicker()}
    `}_chip(C,H){let L=this.localize(`camera.${C.status}`);return d`<button
      class="chip ${H?"shown":""}"
      aria-pressed=${H}
      title="${C.name}: ${C.reason??L}"
      @click=${()=>this.dispatchEvent(new CustomEvent("camera-toggled",{detail:C.entity_id}))}
    >
      <span class="face">
        ${Z(f1,"small")}
        ${C.picture?d`<img src=${C.picture} alt="" @error=${e=>e.target.remove()} />`:m}
      </span>
      <span class="name" dir="auto">${C.name}</span>
      <span class="dot ${C.status}"></span>
      ${C.status==="ok"?m:d`<span class="hidden-text">${L}</span>`}
    </button>`}_dayPicker(){let{localize:C,format:H,day:L}=this,e=F(this.now,H.zone),r=L.id>=e.id,t=`${C("day.pick")}: ${H.date(L.start)}`;return d`<div class="day" role="group" aria-label=${C("day.label")}>
      <button
        class="icon turn"
        aria-label=${C("day.previous")}
        title=${C("day.previous")}
        @click=${()=>this._moveDay(-1)}
      >
        ${Z(x2)}
      </button>
      <span class="date">
        <button aria-label=${t} @click=${this._pickDay}>${H.date(L.start)}</button>
        <input
          type="date"
          tabindex="-1"
          aria-hidden="true"
          .value=${L.id}
          max=${e.id}
          @change=${this._dayPicked}
        />
      </span>
      <button
        class="icon turn"
        aria-label=${C("day.next")}
        title=${C("day.next")}
        ?disabled=${r}
        @click=${()=>this._moveDay(1)}
      >
        ${Z(Z2)}
      </button>
      <button class="outlined today" ?disabled=${r} @click=${()=>this._show(e)}>
        ${Z(v2,"small")} ${C("day.today")}
      </button>
    </div>`}_show(C){this.dispatchEvent(new CustomEvent("day-changed",{detail:C}))}_moveDay(C){this._show(F(this.day.start,this.format.zone,C))}_pickDay(){try{this._dateInput?.showPicker()}catch{}}_dayPicked(C){let{value:H}=C.target;/^\d{4}-\d\d-\d\d$/.test(H)&&this._show(q1(H,this.format.zone))}};R.styles=[b,S`
      :host {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 8px 16px;
      }
      .chips {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        min-width: 0;
      }
      .chip {
        padding: 0 12px 0 6px;
        padding-inline: 6px 12px;
        max-width: 220px;
        background: var(--cd-ground);
        box-shadow: inset 0 0 0 1px var(--cd-line);
        color: var(--cd-faint);
      }
      .chip.shown {
        background: color-mix(in srgb, var(--cd-primary) 14%, var(--cd-ground));
        box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--cd-primary) 55%, transparent);
        color: var(--cd-text);
      }
      .face {
        position: relative;
        display: grid;
        place-items: center;
        flex: none;
        width: 32px;
        height: 32px;
        border-radius: 16px;
        overflow: hidden;
        background: var(--cd-soft);
      }
      .face img {
        position: absolute;
        width: 100%;
        height: 100%;
        object-fit: cover;
      }
      .chip .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .dot {
        flex: none;
        width: 8px;
        height: 8px;
        border-radius: 4px;
        background: var(--success-color, #43a047);
      }
      .dot.signed_out {
        background: var(--warning-color, #ffa600);
      }
      .dot.unavailable {
        background: var(--error-color, #db4437);
      }
      .day {
        display: flex;
        align-items: center;
        margin-inline-start: auto;
      }
      .date {
        position: relative;
      }
      .date button {
        width: 100%;
        min-width: 148px;
        padding: 0 8px;
        white-space: nowrap;
      }
      .date input {
        position: absolute;
        inset: auto 0 0;
        width: 100%;
        min-height: 0;
        height: 1px;
        padding: 0;
        border: 0;
        opacity: 0;
        pointer-events: none;
      }
      .today {
        margin-inline-start: 8px;
      }
      :host(:dir(rtl)) .turn svg {
        transform: scaleX(-1);
      }
      @container (max-width: 600px) {
        .day {
          margin: 0;
          width: 100%;
          justify-content: space-between;
        }
        .date {
          flex: 1;
          min-width: 0;
        }
        .chips {
          flex-wrap: nowrap;
          overflow-x: auto;
          margin: -4px;
          padding: 4px;
          scrollbar-width: none;
        }
        .chip {
          flex: none;
          max-width: 180px;
        }
      }
    `],a([p({attribute:!1})],R.prototype,"cameras",2),a([p({attribute:!1})],R.prototype,"shown",2),a([p({attribute:!1})],R.prototype,"day",2),a([p({attribute:!1})],R.prototype,"format",2),a([p({attribute:!1})],R.prototype,"localize",2),a([p({type:Number})],R.prototype,"now",2),a([p({type:Boolean})],R.prototype,"fixed",2),a([_("input[type=date]")],R.prototype,"_dateInput",2);var T3={queued:U1,waiting:U1,fetching:I,finishing:I,saved:s2,failed:X,cancelled:$},N=class extends c{constructor(){super(...arguments);this.jobs=[];this.cameras=[];this.now=0;this.offline=!1;this._spoken=""}willUpdate(C){let H=C.get("jobs");if(!H)return;let L=this.jobs.filter(e=>H.some(r=>r.id===e.id&&r.state!==e.state));L.length&&(this._spoken=L.map(e=>`${this._name(e)}: ${this._how(e)}`).join(". "))}_name(C){return this.cameras.find(H=>H.entity_id===C.entity_id)?.name??C.camera}_send(C,H){this.dispatchEvent(new CustomEvent(C,{detail:H}))}render(){let C=d`<p class="hidden-text" role="status">${this._spoken}</p>`;return this.jobs.length?d`${C}
      <h2>${this.localize("jobs.title")}</h2>
      <ul>
        ${z1(this.jobs,H=>H.id,H=>this._job(H))}
      </ul>`:C}_job(C){let{localize:H,format:L}=this,e=this._name(C),r=x(C.start),t=L.length(x(C.end)-r),i=R2(C),o=`${e}, ${L.seconds(r)}`;return d`<li class=${C.state}>
      ${Z(T3[C.state])}
      <div class="what">
        <b dir="auto">${e}</b>
        <span class="when">${L.seconds(r)} · ${t}${C.label?d` · <bdi>${N1(H,C.label)}</bdi>`:m}</span>
        <span class="how">${this._how(C)}</span>
        ${o1(C)?m:d`<div
              class="bar ${i===null?"unknown":""}"
              role="progressbar"
              aria-label=${H("jobs.progress",{what:o})}
              aria-valuemin="0"
              aria-valuemax="100"
              aria-valuenow=${i===null?m:Math.round(i*100)}
            >
              <div style="transform: scaleX(${i??.3})"></div>
            </div>`}
      </div>
      ${C.state==="saved"&&C.clip_ids.length?this._button("play","jobs.play",g1,C,o):m}
      ${C.state==="failed"||C.state==="cancelled"?this._button("retry","jobs.retry",y2,C,o):m}
      ${o1(C)?this._button("dismiss","jobs.dismiss",$,C,o):this._button("cancel","jobs.cancel",$,C,o)}
    </li>`}_button(C,H,L,e,r){let t=`${this.localize(H)}: ${r}`,i=C==="cancel"||C==="retry";return d`<button
      class="icon"
      aria-label=${t}
      title=${this.localize(H)}
      ?disabled=${i&&this.offline}
      @click=${()=>this._send(C,e)}
    >
      ${Z(L)}
    </button>`}_how(C){let{localize:H,format:L}=this;switch(C.state){case"fetching":{let e=L.bytes(C.received_bytes);if(C.size_bytes){let r=L.percent(Math.min(C.received_bytes/C.size_bytes,1));return H("jobs.bytes_of",{received:e,size:L.bytes(C.size_bytes),share:r})}return C.parts&&C.parts>1?H("jobs.parts_of",{done:L.count(C.parts_done),parts:L.count(C.parts),received:e}):H("jobs.bytes",{received:e})}case"queued":case"waiting":{let e=C.reason??H(C.state==="queued"?"jobs.queued":"jobs.waiting");if(C.next_try_at===null)return e;let r=x(C.next_try_at)-this.now;return r>0?H("jobs.next_try",{reason:e,left:L.length(r)}):e}case"failed":return C.error?.message??H("jobs.failed");default:return H(`jobs.${C.state}`)}}};N.styles=[b,S`
      :host {
        display: block;
      }
      ul {
        list-style: none;
        margin: 4px 0 0;
        padding: 0;
      }
      li {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 8px 0;
        min-height: 68px;
      }
      li + li {
        border-top: 1px solid var(--cd-line);
      }
      .what {
        flex: 1;
        min-width: 0;
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0 8px;
      }
      b {
        font-weight: 500;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .when {
        color: var(--cd-faint);
        font-variant-numeric: tabular-nums;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .how,
      .bar {
        grid-column: 1 / -1;
      }
      .how {
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      .failed > svg,
      .failed .how {
        color: var(--cd-error);
      }
      .saved > svg {
        color: color-mix(in srgb, var(--success-color, #43a047) 75%, var(--cd-text));
      }
      .bar {
        height: 4px;
        margin-top: 6px;
        border-radius: 2px;
        overflow: hidden;
        background: var(--cd-soft);
      }
      .bar div {
        height: 100%;
        background: var(--cd-strong);
        transform-origin: left;
        transition: transform 0.3s linear;
      }
      :host(:dir(rtl)) .bar div {
        transform-origin: right;
        --way: -1;
      }
      .bar.unknown div {
        animation: slide 1.6s ease-in-out infinite alternate;
      }
      @keyframes slide {
        to {
          transform: translateX(calc(70% * var(--way, 1))) scaleX(0.3);
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .bar.unknown div {
          animation: none;
        }
      }
    `],a([p({attribute:!1})],N.prototype,"jobs",2),a([p({attribute:!1})],N.prototype,"cameras",2),a([p({attribute:!1})],N.prototype,"format",2),a([p({attribute:!1})],N.prototype,"localize",2),a([p({type:Number})],N.prototype,"now",2),a([p({type:Boolean})],N.prototype,"offline",2);var Y=class extends c{constructor(){super(...arguments);this.doomed=0;this.notice=""}render(){let{localize:C,notice:H,doomed:L}=this;return d`<div class="notices">
      <div role="status">
        ${L?d`<p class="notice">
              <span>${C.plural("clips.deleted",L)}</span>
              <button @click=${()=>this.dispatchEvent(new CustomEvent("undo"))}>${C("undo")}</button>
              <span class="time"></span>
            </p>`:m}
      </div>
      <div role="alert">
        ${H?d`<p class="notice">
              <span>${H}</span>
              <button class="icon" aria-label=${C("close")} @click=${()=>this.dispatchEvent(new CustomEvent("closed"))}>
                ${Z($)}
              </button>
            </p>`:m}
      </div>
    </div>`}};Y.styles=[b,S`
      .notices {
        position: fixed;
        bottom: max(16px, env(safe-area-inset-bottom));
        inset-inline: 16px;
        z-index: 10;
        display: grid;
        gap: 8px;
        justify-items: center;
        pointer-events: none;
      }
      .notice {
        position: relative;
        display: flex;
        align-items: center;
        gap: 8px;
        margin: 0;
        min-width: min(340px, 90vw);
        max-width: 560px;
        min-height: 52px;
        padding: 4px 8px 4px 16px;
        padding-inline: 16px 8px;
        border-radius: var(--cd-radius);
        overflow: hidden;
        background: var(--cd-text);
        color: var(--cd-ground);
        box-shadow: 0 4px 16px rgba(0, 0, 0, 0.4);
        pointer-events: auto;
      }
      .notice span:first-child {
        flex: 1;
        overflow-wrap: anywhere;
      }
      .notice button {
        color: inherit;
        font-weight: 700;
      }
      .notice button:hover {
        background: color-mix(in srgb, var(--cd-ground) 15%, transparent);
      }
      .notice button:focus-visible {
        outline-color: currentColor;
        outline-offset: -4px;
      }
      .time {
        position: absolute;
        inset: auto 0 0;
        height: 3px;
        background: currentColor;
        transform-origin: left;
        animation: run-out 10s linear forwards;
      }
      :host(:dir(rtl)) .time {
        transform-origin: right;
      }
      @keyframes run-out {
        to {
          transform: scaleX(0);
        }
      }
    `],a([p({attribute:!1})],Y.prototype,"localize",2),a([p({type:Number})],Y.prototype,"doomed",2),a([p()],Y.prototype,"notice",2);var K=class extends c{constructor(){super(...arguments);this.narrow=!1}render(){return d`
      <header>
        <ha-menu-button .hass=${this.hass} .narrow=${this.narrow}></ha-menu-button>
        <h1>${this.panel?.title??T(this.hass.locale.language)("name")}</h1>
      </header>
      <main><clip-download-view .hass=${this.hass}></clip-download-view></main>
    `}};K.styles=[b,S`
      :host {
        display: block;
        min-height: 100vh;
        background: var(--primary-background-color, #fafafa);
      }
      header {
        position: sticky;
        top: 0;
        z-index: 4;
        display: flex;
        align-items: center;
        height: calc(var(--header-height, 56px) + env(safe-area-inset-top, 0px));
        padding: env(safe-area-inset-top, 0px) 12px 0;
        background: var(--app-header-background-color, var(--cd-strong));
        color: var(--app-header-text-color, #fff);
        border-bottom: var(--app-header-border-bottom, none);
      }
      h1 {
        margin: 0;
        padding-inline-start: 12px;
        font-size: 20px;
        font-weight: 400;
      }
      main {
        max-width: 1400px;
        margin: 0 auto;
        padding: 16px;
        padding-bottom: max(32px, env(safe-area-inset-bottom, 0px));
      }
      :host([narrow]) main {
        padding: 12px;
      }
    `],a([p({attribute:!1})],K.prototype,"hass",2),a([p({type:Boolean,reflect:!0})],K.prototype,"narrow",2),a([p({attribute:!1})],K.prototype,"route",2),a([p({attribute:!1})],K.prototype,"panel",2);var X1=1e3,p1=10*1e3,Y1=M=>Math.round(M/1e3)*1e3,F2=(M,V,C)=>{let H=D(Y1(Math.min(M,V)),C.start,C.end-X1),L=D(Y1(Math.max(M,V)),H+X1,C.end);return{start:H,end:L}},m1=(M,V,C,H)=>V==="start"?{start:D(Y1(C),H.start,M.end-X1),end:M.end}:{start:M.start,end:D(Y1(C),M.start+X1,H.end)},E5=(M,V,C)=>{let H=M,L=C;for(let e of V){let r=Math.abs(e-M);r<=L&&(L=r,H=e)}return H},E2=(M,V,C,H)=>{let L=V?1e3:p1,e=C?-L:L,r=H?L:-L;switch(M){case"ArrowRight":return e;case"ArrowLeft":return-e;case"ArrowDown":return r;case"ArrowUp":return-r;case"PageUp":return 6*p1;case"PageDown":return-6*p1;default:return null}};var R3=["doorbell","parcel","visitor","incident"],B=class extends c{constructor(){super(...arguments);this.rows=[];this.selection=null;this.busy=!1;this.offline=!1;this._label="";this._wrong=null}_change(C){this._wrong=null,this.dispatchEvent(new CustomEvent("selection-changed",{detail:C}))}_nudge(C,H){if(!this.selection)return;let L=m1(this.selection,C,this.selection[C]+H,this.limits);this._change({...this.selection,...L})}_typed(C,H){let{selection:L}=this,e=C.target;if(!L)return;let r=B5(e.value,L[H],this.format.zone,this.limits),t=r===null||r<this.limits.start||r>this.limits.end,i=r!==null&&(H==="start"?r>=L.end:r<=L.start);if(t||i){this._wrong=H;return}this._change({...L,...m1(L,H,r,this.limits)}),e.value=this.format.seconds(r)}_tick(C){let{selection:H}=this;if(!H)return;let L=new Set(H.entityIds);if(L.delete(C)||L.add(C),!L.size)return;let e=this.rows.map(r=>r.entityId).filter(r=>L.has(r));this._change({...H,entityIds:e})}_save(){!this.selection||this.busy||this.offline||(this.dispatchEvent(new CustomEvent("save",{detail:{...this.selection,label:this._label.trim()}})),this._label="")}_typeLabel(C){this._label=C.target.value}_enter(C){C.key==="Enter"&&this._save()}render(){let{selection:C,localize:H,format:L}=this;if(!C)return m;let e=this.rows.filter(n=>C.entityIds.includes(n.entityId)),r=C.end-C.start,t=F5(e,C),i=e.length===1&&e[0]?R5(e[0],C):void 0,o=e.filter(n=>!n.anyWindow&&!n.events.some(A=>A.start<C.end&&A.end>C.start));return d`
      <section aria-label=${H("save.title")}>
        <div class="edges">
          ${this._edge("start",C)}
          <div class="length">
            <b>${L.length(r)}</b>
            ${t===null?m:d`<span>${H("save.about",{size:L.bytes(t)})}</span>`}
          </div>
          ${this._edge("end",C)}
          <button
            class="icon close"
            aria-label=${H("save.clear")}
            title=${H("save.clear")}
            @click=${()=>this._change(null)}
          >
            ${Z($)}
          </button>
        </div>
        ${this.rows.length>1?this._cameras(C):m}
        <div class="do">
          <input
            type="text"
            maxlength="100"
            list="labels"
            aria-label=${H("save.label")}
            placeholder=${H("save.label")}
            .value=${this._label}
            @input=${this._typeLabel}
            @keydown=${this._enter}
          />
          <datalist id="labels">
            ${R3.map(n=>d`<option value=${H(`label.${n}`)}></option>`)}
          </datalist>
          ${i?d`<button
                class="outlined"
                @click=${()=>this.dispatchEvent(new CustomEvent("clip-opened",{detail:i}))}
              >
                ${Z(g1)} ${H("save.play_saved")}
              </button>`:m}
          <button class="primary" ?disabled=${this.busy||this.offline} @click=${this._save}>
            ${Z(I)}
            ${H(i?"save.again":"save.save",{length:L.length(r)})}
            ${e.length>1?d`<span>× ${L.count(e.length)}</span>`:m}
          </button>
        </div>
        ${o.map(n=>d`<p class="hint">${H("save.only_events",{camera:n.name})}</p>`)}
      </section>
    `}_edge(C,H){let{localize:L,format:e}=this,r=this._wrong===C,t=L(C==="start"?"save.start":"save.end"),i=(o,n)=>{let A=L(o<0?"save.earlier":"save.later",{edge:t});return d`<button class="icon" aria-label=${A} title=${A} @click=${()=>this._nudge(C,o)}>
        ${Z(n)}
      </button>`};return d`<div class="edge">
      ${i(-p1,f2)}
      <label>
        <span class="name">${t}</span>
        <input
          type="text"
          inputmode="text"
          autocomplete="off"
          aria-invalid=${r}
          aria-describedby=${r?`wrong-${C}`:m}
          .value=${e.seconds(H[C])}
          @change=${o=>this._typed(o,C)}
        />
      </label>
      ${i(p1,b2)}
      ${r?d`<span class="wrong" id=${`wrong-${C}`} role="alert">${L("save.wrong_time")}</span>`:m}
    </div>`}_cameras(C){return d`<div class="cameras" role="group" aria-label=${this.localize("save.cameras")}>
      ${this.rows.map(H=>{let L=C.entityIds.includes(H.entityId);return d`<label class="tick ${L?"chosen":""}">
          <input type="checkbox" .checked=${L} @change=${()=>this._tick(H.entityId)} />
          <span dir="auto">${H.name}</span>
        </label>`})}
    </div>`}};B.styles=[b,S`
      :host {
        display: block;
      }
      section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 12px 16px;
        padding-top: 16px;
      }
      .edges,
      .edge,
      .do,
      .cameras {
        display: flex;
        align-items: center;
      }
      .edges {
        gap: 8px;
        flex-wrap: wrap;
      }
      .edge {
        position: relative;
      }
      label {
        display: block;
        position: relative;
      }
      .name {
        position: absolute;
        top: -8px;
        inset-inline-start: 8px;
        padding: 0 4px;
        background: var(--cd-ground);
        color: var(--cd-faint);
        font-size: 12px;
        line-height: 16px;
        border-radius: 4px;
      }
      .edge input {
        width: 108px;
        text-align: center;
        font-variant-numeric: tabular-nums;
      }
      input[aria-invalid="true"] {
        border-color: var(--cd-error);
      }
      .wrong {
        position: absolute;
        top: calc(100% + 2px);
        inset-inline-start: 44px;
        color: var(--cd-error);
        font-size: 12px;
        line-height: 16px;
        white-space: nowrap;
        background: var(--cd-ground);
        z-index: 1;
      }
      .length {
        display: grid;
        justify-items: center;
        min-width: 84px;
        font-variant-numeric: tabular-nums;
      }
      .length b {
        font-size: 18px;
        font-weight: 500;
      }
      .length span,
      .hint {
        color: var(--cd-faint);
        font-size: 12px;
        line-height: 16px;
      }
      .hint {
        margin: 0;
        flex-basis: 100%;
      }
      .cameras {
        flex-wrap: wrap;
        gap: 0 4px;
      }
      .tick {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 44px;
        padding: 0 10px;
        border-radius: 22px;
        cursor: pointer;
        max-width: 240px;
      }
      .tick:hover {
        background: var(--cd-soft);
      }
      .tick span {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .tick input {
        min-height: 0;
        width: 18px;
        height: 18px;
        flex: none;
        accent-color: var(--cd-strong);
      }
      .do {
        flex: 1;
        gap: 8px;
        min-width: min(100%, 440px);
        flex-wrap: wrap;
        justify-content: flex-end;
      }
      .do input {
        flex: 1 1 120px;
        max-width: 360px;
      }
      .do button {
        flex: none;
        font-variant-numeric: tabular-nums;
      }
      @container (max-width: 520px) {
        .edges {
          display: grid;
          grid-template-columns: 1fr auto;
          width: 100%;
          gap: 16px 8px;
        }
        .edge {
          grid-column: 1;
        }
        .edge label,
        .edge input {
          flex: 1;
          width: 100%;
        }
        .length {
          grid-area: 2 / 2;
          min-width: 76px;
        }
        .close {
          grid-area: 1 / 2;
          justify-self: end;
        }
        .do {
          min-width: 100%;
        }
        .do .primary {
          flex: 1 1 auto;
        }
      }
    `],a([p({attribute:!1})],B.prototype,"rows",2),a([p({attribute:!1})],B.prototype,"limits",2),a([p({attribute:!1})],B.prototype,"selection",2),a([p({attribute:!1})],B.prototype,"format",2),a([p({attribute:!1})],B.prototype,"localize",2),a([p({type:Boolean})],B.prototype,"busy",2),a([p({type:Boolean})],B.prototype,"offline",2),a([h()],B.prototype,"_label",2),a([h()],B.prototype,"_wrong",2);var F3=M=>{switch(M.locale.time_format){case"12":return!0;case"24":return!1;case"system":return new Intl.DateTimeFormat(void 0,{hour:"numeric"}).resolvedOptions().hour12;default:return}},E3=M=>M.locale.time_zone==="server"?M.config.time_zone:Intl.DateTimeFormat().resolvedOptions().timeZone,$5=["byte","kilobyte","megabyte","gigabyte","terabyte"],$3=(M,V,C)=>{let H={timeZone:V,hour:C===!0?"numeric":"2-digit",minute:"2-digit",...C!==void 0&&{hourCycle:C?"h12":"h23"}},L=new Intl.DateTimeFormat(M,H),e=new Intl.DateTimeFormat(M,{...H,second:"2-digit"}),r=new Intl.DateTimeFormat(M,{timeZone:V,weekday:"short",year:"numeric",month:"short",day:"numeric"}),t=new Intl.DateTimeFormat(M,{timeZone:V,month:"short",day:"numeric"}),i=new Intl.NumberFormat(M,{minimumIntegerDigits:2,useGrouping:!1}),o=new Intl.NumberFormat(M,{useGrouping:!1}),n=new Intl.NumberFormat(M,{style:"percent",maximumFractionDigits:0}),A=new Map,l=(v,u,O)=>{let E=O==="long"||v>=10?0:1,M2=`${u} ${O} ${E}`,y1=A.get(M2);return y1||(y1=new Intl.NumberFormat(M,{style:"unit",unit:u,unitDisplay:O,maximumFractionDigits:E}),A.set(M2,y1)),y1.format(v)},s=v=>{let u=Math.round(v/1e3);return[Math.floor(u/3600),Math.floor(u/60)%60,u%60]};return{language:M,zone:V,time:v=>L.format(v),seconds:v=>e.format(v),date:v=>r.format(v),shortDate:v=>t.format(v),length:v=>{let[u,O,E]=s(v);return u?`${o.format(u)}:${i.format(O)}:${i.format(E)}`:`${o.format(O)}:${i.format(E)}`},spoken:v=>{let[u,O,E]=s(v);return[...u?[l(u,"hour","long")]:[],...O?[l(O,"minute","long")]:[],...E||!u&&!O?[l(E,"second","long")]:[]].join(" ")},bytes:v=>{let u=v,O=0;for(;u>=1e3&&O<$5.length-1;)u/=1e3,O+=1;return l(u,$5[O]??"byte","short")},percent:v=>n.format(v),count:v=>o.format(v)}},$2,D5=M=>{let V=M.locale.language,C=E3(M),H=F3(M),L=`${V} ${C} ${String(H)}`;return $2?.key!==L&&($2={key:L,format:$3(V,C,H)}),$2.format};var C2=async M=>(await M.callWS({type:"clip_download/cameras"})).cameras,N5=async(M,V,C,H)=>(await M.callWS({type:"clip_download/timeline",entity_ids:V,start:W(C),end:W(H)})).cameras,D2=(M,V)=>M.callWS({type:"clip_download/clips/list",...V}),I5=(M,V)=>M.connection.subscribeMessage(V,{type:"clip_download/clips/subscribe"}),W5=(M,V)=>M.connection.subscribeMessage(V,{type:"clip_download/jobs/subscribe"}),z5=(M,V)=>M.callWS({type:"clip_download/jobs/cancel",job_id:V}),U5=(M,V)=>M.callWS({type:"clip_download/jobs/retry",job_id:V}),G5=async(M,V,C)=>(await M.callWS({type:"clip_download/clip/keep",clip_id:V,kept:C})).clip,Q5=async(M,V,C)=>(await M.callWS({type:"clip_download/clip/label",clip_id:V,label:C})).clip,K5=(M,V)=>M.callWS({type:"clip_download/clip/delete",clip_ids:V}),q5=async(M,V,C,H,L)=>{let e={start:W(C),end:W(H),wait:!1,...L&&{label:L}};return(await M.callService("clip_download","save_clip",e,{entity_id:V},!1,!0)).response??{}},j5=async M=>(await M.callWS({type:"manifest/get",integration:"clip_download"})).version;var N3="0.1.0",J5="clip-download-reloaded-for",I3=(M,V)=>{let C=r=>{let t=/^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:(?:-|\.)?(a|b|rc|dev)[a-z.-]*(\d*))?/.exec(r);if(!t)return[];let i=t[4]===void 0?4:["dev","a","b","rc"].indexOf(t[4]);return[Number(t[1]),Number(t[2]??0),Number(t[3]??0),i,Number(t[5]??0)]},H=C(M),L=C(V),e=H.findIndex((r,t)=>r!==L[t]);return e>=0&&(H[e]??0)>(L[e]??0)},N2=async(M,V=N3,C=()=>location.reload())=>{let H;try{if(H=await j5(M),H===void 0||!I3(H,V)||sessionStorage.getItem(J5)===H)return;sessionStorage.setItem(J5,H)}catch{return}C()};var W3=1e4,X5=100,Y5=6e4,z3=1e3,l1=(M,V)=>{if(typeof M!="object"||M===null)return String(M);let{code:C,message:H,translation_domain:L,translation_key:e,translation_placeholders:r}=M,t=`component.${L??""}.exceptions.${e??""}.message`;return[e&&V?.localize?.(t,r),H,C].find(Boolean)??""},U3=M=>typeof M=="object"&&M!==null?M.code:void 0,I2=class{constructor(){this._doomed=null;this._listeners=new Set}get clips(){return this._doomed?.clips??[]}has(V){return this.clips.some(C=>C.id===V)}listen(V){return this._listeners.add(V),()=>this._listeners.delete(V)}isShownBy(V){return this._listeners.values().next().value===V}put(V,C){this._empty(),this._doomed={hass:V,clips:C,timer:window.setTimeout(()=>{this._empty()},W3)},this._tell()}undo(){this._doomed&&(window.clearTimeout(this._doomed.timer),this._doomed=null,this._tell())}async _empty(){let V=this._doomed;if(!V)return;window.clearTimeout(V.timer),this._doomed=null;let C;try{let{spared:H}=await K5(V.hass,V.clips.map(L=>L.id));H[0]&&(C=p5(T(V.hass.locale.language),H[0].reason))}catch(H){C=l1(H,V.hass)}this._tell(C)}_tell(V){for(let C of this._listeners)C(V)}},z=new I2,H2=class{constructor(V){this._host=V;this.state="loading";this.failure="";this.isOnline=!0;this.cameras=[];this.timelines=new Map;this.isLoadingDay=!1;this.dayFailure="";this.jobs=[];this.clips=[];this.isLoadingClips=!1;this.hasMoreClips=!1;this.notice="";this._shown=[];this._cursor=null;this._asked=0;this._unsubscribes=[];this._refresh=0;this._settle=0;this._dismissed=new Set;this._binned=V=>{V&&this.showsBin&&this.tell(V),this._changed()};this._ready=()=>{this.isOnline=!0,this._hass&&N2(this._hass),this.load()};this._lost=()=>{this.isOnline=!1,this._changed()};V.addController(this)}hostConnected(){this._unlisten=z.listen(this._binned),this._hass&&this._open(this._hass)}hostDisconnected(){this._unlisten?.(),this._close()}setHass(V){let C=!this._hass;this._hass=V,(C||this._connection!==V.connection)&&(this._close(),this._open(V))}_open(V){this._connection||(N2(V),V.loadBackendTranslation?.("exceptions","clip_download").catch(()=>{}),this._connection=V.connection,this.isOnline=V.connection.connected,V.connection.addEventListener("ready",this._ready),V.connection.addEventListener("disconnected",this._lost),this._refresh=window.setInterval(()=>this._refreshToday(),Y5),this.load())}_close(){this._connection?.removeEventListener("ready",this._ready),this._connection?.removeEventListener("disconnected",this._lost),this._connection=void 0,this._unsubscribe(),window.clearInterval(this._refresh),window.clearTimeout(this._settle),this._settle=0}_unsubscribe(){for(let V of this._unsubscribes)V.then(C=>C()).catch(()=>{});this._unsubscribes=[]}get showsBin(){return z.isShownBy(this._binned)}_changed(){this._host.requestUpdate()}tell(V){this.notice=V,this._changed()}async load(){let V=this._hass;if(V){this.state!=="ready"&&(this.state="loading"),this._changed();try{this.cameras=await C2(V),this.state="ready"}catch(C){this.isOnline&&this.state!=="ready"&&(this.state=U3(C)==="unknown_command"?"missing":"failed",this.failure=l1(C,V)),this._changed();return}this._changed(),this._unsubscribes.length||this._subscribe(V),await this._loadDay()}}_subscribe(V){this._unsubscribes=[W5(V,C=>this._jobsChanged(C)),I5(V,C=>this._clipsChanged(C))];for(let C of this._unsubscribes)C.catch(H=>this.tell(l1(H,V)))}show(V,C){if(this._day?.start===V.start&&this._shown.join()===C.join())return;let L=this._day?.start!==V.start;this._day=V,this._shown=C,L&&(this.timelines=new Map),this.clips=[],this._changed(),this.state==="ready"&&this._loadDay()}async _loadDay(){let V=++this._asked;await Promise.all([this._loadTimelines(V),this._loadClips(V,null)])}async _loadTimelines(V){let C=this._hass,H=this._day;if(!(!C||!H||!this._shown.length)){this.isLoadingDay=this._shown.some(L=>!this.timelines.has(L)),this._changed();try{let L=await N5(C,this._shown,H.start,H.end);if(V!==this._asked)return;this.timelines=new Map(L.map(e=>[e.entity_id,e])),this.dayFailure=""}catch(L){if(V!==this._asked)return;this.isOnline&&(this.dayFailure=l1(L,C))}this.isLoadingDay=!1,this._changed()}}async _loadClips(V,C){let H=this._hass,L=this._day;if(!(!H||!L)){if(!this._shown.length){this.hasMoreClips=!1;return}this.isLoadingClips=!0,this._changed();try{let e=await D2(H,{entity_ids:this._shown,start:W(L.start),end:W(L.end),limit:X5,...C!==null&&{cursor:C}});if(V!==this._asked)return;this.clips=C===null?e.clips:[...this.clips,...e.clips],this._cursor=e.cursor,this.hasMoreClips=e.cursor!==null}catch(e){if(V!==this._asked)return;this.isOnline&&this.tell(l1(e,H))}this.isLoadingClips=!1,this._changed()}}async loadMoreClips(){this._cursor!==null&&!this.isLoadingClips&&await this._loadClips(this._asked,this._cursor)}async ensureClip(V,C,H){this.clips.some(L=>L.id===V)||await this._try(async L=>{let e={entity_ids:[C],start:W(H.start),end:W(H.end),limit:X5},{clips:r}=await D2(L,e);this._clipsChanged({changed:r.filter(t=>t.id===V)})})}async reloadDay(){await this._loadDay()}_refreshToday(){let V=Date.now();this._day&&this._day.start<=V&&V<this._day.end+2*Y5&&this.isOnline&&this.state==="ready"&&!document.hidden&&this._loadTimelines(this._asked)}_jobsChanged(V){let C=new Map(this.jobs.map(L=>[L.id,L])),H=new Map(V.jobs?V.jobs.map(L=>[L.id,L]):C);for(let L of V.changed??[])H.set(L.id,L);for(let L of V.removed??[])H.delete(L);this.jobs=[...H.values()].filter(L=>!this._dismissed.has(L.id)).sort((L,e)=>x(e.asked_at)-x(L.asked_at)),this._changed()}_clipsChanged(V){let C=[...V.saved??[],...V.changed??[]],H=new Set(V.removed),L=this._day,e=r=>L!==void 0&&r.entity_id!==null&&this._shown.includes(r.entity_id)&&x(r.start)<L.end&&x(r.end)>L.start;this.clips=C3(this.clips,C.filter(e),H);for(let[r,t]of this.timelines){let i=C.filter(o=>o.entity_id===r&&e(o));(i.length||t.clips.some(o=>H.has(o.id)))&&this.timelines.set(r,{...t,clips:C3(t.clips,i,H)})}this.timelines=new Map(this.timelines),this._changed(),V.saved?.length&&!this._settle&&(this._settle=window.setTimeout(()=>{this._settle=0,this._loadTimelines(this._asked)},z3))}async save(V,C,H){return await this._try(async L=>{let e=await q5(L,V,C.start,C.end,H);for(let r of Object.values(e))r.status==="failed"&&r.error&&this.tell(typeof r.error=="string"?r.error:r.error.message??"")})}async cancel(V){await this._try(C=>z5(C,V))}async retry(V){await this._try(C=>U5(C,V))&&this.dismiss(V)}dismiss(V){this.jobs.some(C=>C.id===V&&!o1(C))||(this._dismissed.add(V),this.jobs=this.jobs.filter(C=>C.id!==V),this._changed())}async keep(V,C){await this._try(async H=>this._clipsChanged({changed:[await G5(H,V.id,C)]}))}async label(V,C){await this._try(async H=>this._clipsChanged({changed:[await Q5(H,V.id,C)]}))}delete(V){this._hass&&z.put(this._hass,V)}async _try(V){if(!this._hass)return!1;try{await V(this._hass)}catch(C){return this.tell(l1(C,this._hass)),!1}return!0}},C3=(M,V,C)=>{let H=new Map(M.map(L=>[L.id,L]));for(let L of V)H.set(L.id,L);for(let L of C)H.delete(L);return[...H.values()].sort((L,e)=>x(e.start)-x(L.start))};var H3="clip-download-cameras",G3=4,Q3=3,K3=600,q3=8e3,j3="/config/integrations/integration/clip_download",J3="/config/integrations/dashboard/add?domain=clip_download",P=class extends c{constructor(){super(...arguments);this.entityIds=[];this.hideClips=!1;this.hidePresets=!1;this._day=null;this._selection=null;this._now=Date.now();this._isVertical=!1;this._isSaving=!1;this._shown=null;this._store=new H2(this);this._timer=0;this._noticeTimer=0;this._noticed="";this._openNext=null;this._rowsKey=[];this._rows=[];this._bounds=null;this._visibleKey=[];this._visible=[];this._observer=new ResizeObserver(([C])=>{let H=C?.contentRect.width??0;H&&(this._isVertical=H<K3)});this._jobsKey=[];this._ownJobs=[]}connectedCallback(){super.connectedCallback(),this._observer.observe(this),this._timer=window.setInterval(()=>this._tick(),1e3),this._tick()}disconnectedCallback(){super.disconnectedCallback(),this._observer.disconnect(),window.clearInterval(this._timer),window.clearTimeout(this._noticeTimer)}_tick(){let C=Date.now();!this._store.jobs.some(L=>L.next_try_at!==null&&!o1(L))&&C-this._now<10*1e3||(this._day&&this._now<this._day.end&&C>=this._day.end&&this._setDay(F(C,this._format.zone)),this._now=C)}shouldUpdate(C){let H=C.get("hass");return!H||C.size>1?!0:(this._store.setHass(this.hass),H.locale!==this.hass.locale||H.themes!==this.hass.themes||H.config.time_zone!==this.hass.config.time_zone||H.connection!==this.hass.connection)}willUpdate(){this._format=D5(this.hass),this._localize=T(this.hass.locale.language),this._theme=this.hass.themes,this._store.setHass(this.hass);let{zone:C}=this._format;this._day=this._day?q1(this._day.id,C):F(Date.now(),C),(this._bounds?.start!==this._day.start||this._bounds.end!==this._day.end)&&(this._bounds=this._day),this._store.show(this._bounds,this._shownIds)}updated(){let{notice:C}=this._store;if(C!==this._noticed&&(this._noticed=C,window.clearTimeout(this._noticeTimer),C&&(this._noticeTimer=window.setTimeout(()=>this._store.tell(""),q3))),this._openNext&&this._store.clips.some(H=>H.id===this._openNext)){let H=this._openNext;this._openNext=null,this._clips?.updateComplete.then(()=>this._clips?.open(H))}}get _offered(){let{cameras:C}=this._store;return this.entityIds.length?C.filter(H=>this.entityIds.includes(H.entity_id)):C}get _shownIds(){let C=this._offered.map(e=>e.entity_id);if(this.entityIds.length&&!this._shown)return C;let H=this._shown??X3(),L=C.filter(e=>H?.includes(e));return L.length||this._shown?L:C.slice(0,this._isVertical?Q3:G3)}get _shownRows(){let C=this._store,H=this._shownIds,L=[C.cameras,C.timelines,C.jobs,H.join(),z.clips];return L.some((e,r)=>e!==this._rowsKey[r])&&(this._rowsKey=L,this._rows=H.flatMap(e=>{let r=C.cameras.find(o=>o.entity_id===e);if(!r)return[];let t=C.timelines.get(e),i=t?.clips.filter(o=>!z.has(o.id))??[];return[T5(r,t&&{...t,clips:i},C.jobs)]})),this._rows}get _visibleClips(){let C=[this._store.clips,z.clips];return C.some((H,L)=>H!==this._visibleKey[L])&&(this._visibleKey=C,this._visible=this._store.clips.filter(H=>!z.has(H.id))),this._visible}render(){let C=this._store,H=this._localize;if(C.state==="loading"&&!C.cameras.length)return this._bones();if(C.state==="missing"||C.state==="failed")return this._problem();if(!this._offered.length)return this._noCameras();let L=this._shownRows;return d`
      ${this._offlineBanner()}
      <clip-download-head
        .cameras=${this._offered}
        .shown=${this._shownIds}
        .day=${this._bounds}
        .format=${this._format}
        .localize=${H}
        .now=${this._now}
        .fixed=${this.entityIds.length>0}
        @camera-toggled=${e=>this._toggle(e.detail)}
        @day-changed=${e=>this._setDay(e.detail)}
      ></clip-download-head>
      ${this._problems()}
      ${L.length?d`
            <section class="part" aria-label=${H("timeline.title")}>
              <clip-download-footage
                .rows=${L}
                .bounds=${this._bounds}
                .selection=${this._selection}
                .format=${this._format}
                .localize=${H}
                .now=${this._now}
                .vertical=${this._isVertical}
                .loading=${C.isLoadingDay}
                .hidePresets=${this.hidePresets}
                .busy=${this._isSaving}
                .offline=${!C.isOnline}
                .theme=${this._theme}
                @selection-changed=${this._selected}
                @clip-opened=${this._openClip}
                @save=${this._save}
                @notice=${e=>C.tell(e.detail)}
              ></clip-download-footage>
            </section>
          `:d`<p class="part empty">${H("state.nothing_shown")}</p>`}
      <clip-download-jobs
        class="part"
        ?hidden=${!this._jobs.length}
        .jobs=${this._jobs}
        .cameras=${C.cameras}
        .format=${this._format}
        .localize=${H}
        .now=${this._now}
        .offline=${!C.isOnline}
        @cancel=${e=>{C.cancel(e.detail.id)}}
        @retry=${e=>{C.retry(e.detail.id)}}
        @dismiss=${e=>C.dismiss(e.detail.id)}
        @play=${this._playJob}
      ></clip-download-jobs>
      ${this.hideClips||!L.length?m:d`<clip-download-clips
            class="part"
            .clips=${this._visibleClips}
            .cameras=${C.cameras}
            .format=${this._format}
            .localize=${H}
            .loading=${C.isLoadingClips}
            .hasMore=${C.hasMoreClips}
            .offline=${!C.isOnline}
            @more=${()=>{C.loadMoreClips()}}
            @keep=${e=>{C.keep(e.detail.clip,e.detail.kept)}}
            @label=${e=>{C.label(e.detail.clip,e.detail.label)}}
            @delete=${e=>C.delete([e.detail])}
          ></clip-download-clips>`}
      <clip-download-notices
        .localize=${H}
        .doomed=${C.showsBin?z.clips.length:0}
        .notice=${C.notice}
        @undo=${()=>z.undo()}
        @closed=${()=>C.tell("")}
      ></clip-download-notices>
    `}get _jobs(){let C=[this._store.jobs,this._store.cameras,this.entityIds];if(C.some((H,L)=>H!==this._jobsKey[L])){this._jobsKey=C;let H=new Set(this._offered.map(L=>L.entity_id));this._ownJobs=this._store.jobs.filter(L=>H.has(L.entity_id??""))}return this._ownJobs}_bones(){return d`<div class="bones" role="status">
      <span class="hidden-text">${this._localize("loading")}</span>
      <div></div>
      <div></div>
      <div></div>
    </div>`}_problem(){let C=this._localize,H=this._store.state==="missing";return d`<div class="big" role="alert">
      ${Z(X)}
      <h2>${C(H?"state.missing":"state.failed")}</h2>
      <p>${H?C("state.missing_help"):this._store.failure}</p>
      <button class="primary" @click=${()=>{this._store.load()}}>${C("retry")}</button>
    </div>`}_noCameras(){let C=this._localize;return d`<div class="big">
      ${Z(f1)}
      <h2>${C("state.no_cameras")}</h2>
      <p>${C("state.no_cameras_help")}</p>
      <a class="button outlined" href=${J3} @click=${this._navigate}>${C("state.add_account")}</a>
    </div>`}_offlineBanner(){return this._store.isOnline?m:d`<p class="banner" role="status">${Z(u2)} ${this._localize("state.offline")}</p>`}_problems(){let C=this._localize,H=new Set(this._shownIds),L=this._offered.filter(t=>t.status!=="ok"&&H.has(t.entity_id)),{timelines:e,dayFailure:r}=this._store;return d`
      ${L.map(t=>{let i=t.reason??C(`camera.${t.status}`);return d`<p class="banner problem">
          ${Z(X)}
          <span>${C("camera.problem",{camera:t.name,reason:i})}</span>
          ${t.status==="signed_out"?d`<a class="button" href=${j3} @click=${this._navigate}>${C("camera.sign_in")}</a>`:m}
        </p>`})}
      ${this._shownRows.map(t=>{let i=e.get(t.entityId)?.events_error;return i?d`<p class="banner problem">
          ${Z(X)}
          <span>${C("state.events_failed",{camera:t.name,reason:i})}</span>
        </p>`:m})}
      ${r?d`<p class="banner problem" role="alert">
            ${Z(X)}
            <span>${C("state.day_failed",{reason:r})}</span>
            <button @click=${()=>{this._store.reloadDay()}}>${C("retry")}</button>
          </p>`:m}
    `}_navigate(C){C.ctrlKey||C.metaKey||C.shiftKey||C.button!==0||(C.preventDefault(),history.pushState(null,"",C.currentTarget.href),window.dispatchEvent(new CustomEvent("location-changed",{detail:{replace:!1}})))}_toggle(C){let H=new Set(this._shownIds);if(H.delete(C)||H.add(C),this._shown=[...H],this.entityIds.length||Y3(this._shown),!this._selection)return;let L=this._selection.entityIds.filter(e=>H.has(e));this._selection=L.length?{...this._selection,entityIds:L}:null}_setDay(C){C.id!==this._day?.id&&(this._day=C,this._selection=null,this._openNext=null)}_selected(C){let H=C.detail,L=this._bounds;H&&L&&(H.start<L.start||H.start>=L.end)&&(this._now=Date.now(),this._setDay(F(H.start,this._format.zone))),this._selection=H}async _save(C){let{entityIds:H,label:L,...e}=C.detail;this._isSaving=!0;let r=await this._store.save(H,e,L);this._isSaving=!1,r&&(this._selection=null,await this.updateComplete,this._footage?.focusTrack())}_openClip(C){let H=C.detail;this._openNext=H.id,this.requestUpdate(),H.entity_id!==null&&this._store.ensureClip(H.id,H.entity_id,{start:x(H.start),end:x(H.end)})}async _playJob(C){let H=C.detail,L=H.clip_ids[0];L===void 0||H.entity_id===null||(this._shownIds.includes(H.entity_id)||this._toggle(H.entity_id),this._setDay(F(x(H.start),this._format.zone)),await this.updateComplete,this._openNext=L,this.requestUpdate(),await this._store.ensureClip(L,H.entity_id,{start:x(H.start),end:x(H.end)}))}};P.styles=[b,S`
      :host {
        display: block;
        container-type: inline-size;
      }
      .part {
        display: block;
        padding: 16px;
        background: var(--cd-ground);
        border: var(--ha-card-border-width, 1px) solid var(--ha-card-border-color, var(--cd-line));
        border-radius: var(--ha-card-border-radius, 12px);
        margin-top: 16px;
      }
      :host([plain]) .part {
        border-inline: 0;
        border-bottom: 0;
        border-radius: 0;
        margin: 0;
        padding: 12px 0;
      }
      :host([plain]) clip-download-head {
        padding-bottom: 8px;
      }
      .empty {
        margin: 16px 0 0;
        color: var(--cd-faint);
        text-align: center;
      }
      .banner {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 44px;
        margin: 12px 0 0;
        padding: 4px 12px;
        border-radius: var(--cd-radius);
        background: color-mix(in srgb, var(--warning-color, #ffa600) 18%, var(--cd-ground));
      }
      .banner:first-child {
        margin: 0 0 12px;
      }
      .banner span {
        flex: 1;
        overflow-wrap: anywhere;
      }
      .big {
        display: grid;
        justify-items: center;
        gap: 8px;
        padding: 48px 16px;
        text-align: center;
        max-width: 480px;
        margin: auto;
      }
      .big > svg {
        width: 56px;
        height: 56px;
        color: var(--cd-faint);
      }
      .big p {
        margin: 0 0 8px;
        color: var(--cd-faint);
        overflow-wrap: anywhere;
      }
      .button.outlined {
        box-shadow: inset 0 0 0 1px var(--cd-line);
      }
      .banner a {
        color: var(--cd-link);
      }
      .bones div {
        border-radius: 12px;
        margin-top: 16px;
        background: var(--cd-soft);
        animation: breathe 1.2s ease-in-out infinite alternate;
        height: 44px;
      }
      .bones div:nth-of-type(2) {
        height: 360px;
      }
      .bones div:nth-of-type(3) {
        height: 200px;
      }
      @keyframes breathe {
        to {
          opacity: 0.5;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .bones div {
          animation: none;
        }
      }
      @container (max-width: 600px) {
        .part {
          padding: 12px;
          margin-top: 12px;
        }
      }
    `],a([p({attribute:!1})],P.prototype,"hass",2),a([p({attribute:!1})],P.prototype,"entityIds",2),a([p({type:Boolean,attribute:"hide-clips"})],P.prototype,"hideClips",2),a([p({type:Boolean,attribute:"hide-presets"})],P.prototype,"hidePresets",2),a([h()],P.prototype,"_day",2),a([h()],P.prototype,"_selection",2),a([h()],P.prototype,"_now",2),a([h()],P.prototype,"_isVertical",2),a([h()],P.prototype,"_isSaving",2),a([h()],P.prototype,"_shown",2),a([_("clip-download-footage")],P.prototype,"_footage",2),a([_("clip-download-clips")],P.prototype,"_clips",2);var X3=()=>{try{let M=JSON.parse(localStorage.getItem(H3)??"null");return Array.isArray(M)?M.filter(V=>typeof V=="string"):null}catch{return null}},Y3=M=>{try{localStorage.setItem(H3,JSON.stringify(M))}catch{}};var V3=(M,V,C,H)=>({title:M,path:V,icon:C,type:"panel",cards:[{type:"custom:clip-download-card",...H&&{entities:H}}]}),V2=class extends HTMLElement{static async generate(V,C){let H=T(C.locale.language),L=[];try{L=await C2(C)}catch{}let e=V3(H("cameras"),"all","mdi:timeline-clock-outline"),r=L.map(t=>V3(t.name,t.entity_id.replace("camera.","camera-"),"mdi:cctv",[t.entity_id]));return{title:H("strategy.name"),views:r.length===1?r:[e,...r]}}};var C0=6e4,j=(M,V)=>{let C=(V-M.start)/(M.end-M.start)*M.length;return M.mirrored?M.length-C:C},W2=(M,V)=>{let C=M.mirrored?M.length-V:V;return M.start+C/M.length*(M.end-M.start)},v1=(M,V)=>{let C=Math.min(M.end-M.start,V.end-V.start),H=D(M.start,V.start,V.end-C);return{start:H,end:H+C}},L3=(M,V,C,H)=>{let L=M.end-M.start,e=D(L*C,C0,V.end-V.start),r=H-(H-M.start)/L*e;return v1({start:r,end:r+e},V)},z2=(M,V,C)=>v1({start:M.start+C,end:M.end+C},V),H0=[5*1e3,10*1e3,15*1e3,30*1e3,6e4,2*6e4,5*6e4,10*6e4,15*6e4,30*6e4,36e5,2*36e5,3*36e5,4*36e5,6*36e5,12*36e5],M3=(M,V,C)=>{let H=(M.end-M.start)/M.length*V,L=H0.find(r=>r>=H)??12*36e5,e=[];if(L<36e5){let r=K1(M.start,C),t=Math.ceil((M.start+r)/L)*L-r;for(let i=t;i<=M.end;i+=L)e.push(i)}else{let r=15*6e4,t=L/36e5;for(let i=Math.ceil(M.start/r)*r;i<=M.end;i+=r){let o=O1(i,C);o.minute===0&&o.hour%t===0&&e.push(i)}}return{step:L,times:e}};var t3={vertical:!1,axis:28,row:72,icons:{at:6,size:18},events:{at:26,size:4},cloud:{at:34,size:10},clips:{at:48,size:16}},L2=64,i3=M=>({vertical:!0,axis:L2,row:M,icons:{at:44,size:18},events:{at:38,size:4},cloud:{at:4,size:10},clips:{at:18,size:16}}),e3=new Map,V0=M=>{let V=e3.get(M);return V||(V=new Path2D(M),e3.set(M,V)),V},U2=class{constructor(V,C){this.context=V;this.scene=C}span(V,C,H,L=1,e=0){let r=this.box(V,C,H,L);if(!r)return!1;let{context:t}=this;return e&&r[2]>2*e&&r[3]>e?(t.beginPath(),t.roundRect(...r,Math.min(e,r[2]/2,r[3]/2)),t.fill()):t.fillRect(...r),!0}box(V,C,H,L=1){let{scale:e,layout:r}=this.scene;if(V.end<e.start||V.start>e.end)return null;let t=j(e,V.start),i=j(e,V.end),o=Math.max(Math.min(t,i),-4),n=Math.min(Math.max(t,i),e.length+4)-o;n<L&&(o-=(L-n)/2,n=L);let A=this.across(C,H);return r.vertical?[A,o,H,n]:[o,A,n,H]}across(V,C){return this.scene.mirroredAcross?this.scene.across-V-C:V}line(V,C,H,L=1){let e=Math.round(j(this.scene.scale,V)-L/2),r=this.across(C,H-C);this.scene.layout.vertical?this.context.fillRect(r,e,H-C,L):this.context.fillRect(e,r,L,H-C)}icon(V,C,H,L){let{context:e}=this,r=this.across(H,L);e.save(),this.scene.layout.vertical?e.translate(r,C-L/2):e.translate(C-L/2,r),e.scale(L/24,L/24),e.fill(V0(V)),e.restore()}},r3=new WeakMap,G2=(M,V,C=1)=>{let H=r3.get(M);H||(H=new Map,r3.set(M,H));let L=`${V} ${String(C)}`,e=H.get(L);if(e)return e;let r=window.devicePixelRatio||1,t=6,i=document.createElement("canvas");i.width=i.height=t*r;let o=i.getContext("2d");if(!o)return V;o.scale(r,r),o.strokeStyle=V,o.lineWidth=C,o.beginPath();for(let A of[-t,0,t])o.moveTo(A-1,t+1),o.lineTo(A+t+1,-1);o.stroke();let n=M.createPattern(i,"repeat");return n?(n.setTransform(new DOMMatrix().scale(1/r)),H.set(L,n),n):V},L0=20,Q2=(M,V)=>{let C=[],H=M.filter(L=>L.end>=V.start&&L.start<=V.end);V.mirrored&&H.reverse();for(let L of H){let e=j(V,(Math.max(L.start,V.start)+Math.min(L.end,V.end))/2),r=C.at(-1);r&&e-r.along<L0?(r.count+=1,L.look.rank<r.mark.look.rank&&(r.mark=L)):C.push({mark:L,along:e,count:1})}return C},M0=M=>M.layout.vertical?40:M.format.seconds(M.now).length*7+24,e0=M=>{let{context:V,scene:C}=M,{scale:H,layout:L,palette:e,format:r,across:t}=C,{step:i,times:o}=M3(H,M0(C),r.zone);V.font=e.font,V.textBaseline="middle";for(let n of o){V.fillStyle=e.line,M.line(n,L.axis-(L.vertical?4:6),t);let A=j(H,n),l=i<6e4?r.seconds(n):r.time(n);if(V.fillStyle=e.faint,L.vertical){if(A<8||A>H.length-8)continue;V.textAlign=C.mirroredAcross?"left":"right",V.fillText(l,M.across(L.axis-8,0),A)}else{let s=V.measureText(l).width/2;if(A<s||A>H.length-s)continue;V.textAlign="center",V.fillText(l,A,L.axis/2)}}},r0=(M,V,C)=>{let{context:H,scene:L}=M,{cloud:e}=L.layout,{palette:r,scale:t,now:i}=L,o=C+e.at,n={start:t.start,end:Math.min(t.end,i)};if(n.end>n.start)if(V.footage){H.fillStyle=G2(H,r.line),M.span(n,o,e.size),H.fillStyle=r.footage;for(let l of V.footage)M.span(l,o,e.size,1,2)}else H.fillStyle=r.line,M.span(n,o+e.size/2-1,2);let{retentionStart:A}=V;if(A!==null&&A>t.start){let l={start:t.start,end:Math.min(A,t.end)};H.fillStyle=r.line,H.globalAlpha=.55,M.span(l,C+1,L.layout.row-2),H.globalAlpha=1}V.lag&&(H.fillStyle=G2(H,r.now),H.globalAlpha=.55,M.span({start:i-V.lag,end:i},o,e.size,1),H.globalAlpha=1)},t0=(M,V,C)=>{let{context:H,scene:L}=M,{icons:e,events:r}=L.layout,{palette:t,scale:i}=L;for(let o of V.events)H.fillStyle=t.events.get(o.look)??t.faint,H.globalAlpha=o.event.is_ready?1:.5,M.span(o,C+r.at,r.size,3,2);H.globalAlpha=1;for(let{mark:o,along:n,count:A}of Q2(V.events,i))H.fillStyle=t.events.get(o.look)??t.faint,M.icon(o.look.icon,n,C+e.at,e.size),A>1&&L.layout.vertical&&(H.fillStyle=t.faint,H.textAlign=L.mirroredAcross?"right":"left",H.fillText(`×${L.format.count(A)}`,M.across(C+e.at+e.size+3,0),n))},i0=(M,V,C)=>{let{context:H,scene:L}=M,{clips:e}=L.layout,{palette:r}=L,t=C+e.at;if(H.fillStyle=r.clip,!M.span(V,t,e.size,3,4))return;H.fillStyle=r.gap;for(let n of V.gaps)M.span(n,t,e.size*.6,2);if(!V.kept)return;let i=M.box(V,t,e.size,3);if(!i)return;let o=L.layout.vertical?i[3]:i[2];o<14||(H.fillStyle=r.onClip,M.icon(n1,(L.layout.vertical?i[1]:i[0])+o/2,t+2,12))},o0=(M,V,C)=>{let{context:H,scene:L}=M,{clips:e}=L.layout,r=V.failed?L.palette.error:L.palette.job,t=M.box(V,C+e.at,e.size,6);if(t&&(H.fillStyle=G2(H,r,2),H.fillRect(...t),H.strokeStyle=r,H.lineWidth=1.5,H.strokeRect(t[0]+.75,t[1]+.75,Math.max(t[2]-1.5,1),Math.max(t[3]-1.5,1)),!V.failed&&V.share)){H.fillStyle=r;let i={start:V.start,end:V.start+(V.end-V.start)*V.share};M.span(i,C+e.at,e.size)}},a0=M=>{let{context:V,scene:C}=M,{scale:H,layout:L,palette:e,now:r,across:t}=C;r<H.start||r>H.end||(V.fillStyle=e.ground,V.globalAlpha=.6,M.span({start:r,end:H.end},L.axis,t-L.axis,0),V.globalAlpha=1,V.fillStyle=e.now,M.line(r,L.axis-6,t,2))},o3=(M,V)=>{let{layout:C,palette:H,rows:L,scale:e,across:r}=V,t=new U2(M,V);C.vertical?M.clearRect(0,0,r,e.length):M.clearRect(0,0,e.length,r),e0(t),L.forEach((i,o)=>{let n=C.axis+o*C.row;M.fillStyle=H.line;let A=t.across(n,1);C.vertical?M.fillRect(A,0,1,e.length):M.fillRect(0,A,e.length,1),r0(t,i,n);for(let l of i.clips)i0(t,l,n);for(let l of i.jobs)o0(t,l,n);t0(t,i,n)}),a0(t)};var A0=400,d0=6,n0=7,p0=84,K2=P1(`${L2}px`),m0=130,l0=new Set(["selection","_hover","_spoken"]),v0=new Set(["ArrowRight","ArrowLeft","ArrowUp","ArrowDown"]),g=class extends c{constructor(){super(...arguments);this.rows=[];this.selection=null;this.now=0;this.vertical=!1;this.loading=!1;this._range={start:0,end:1};this._hover=null;this._spoken="";this._size={along:0,across:0};this._frame=0;this._mustPaint=!1;this._mirrored=!1;this._gesture=null;this._pointers=new Map;this._observer=new ResizeObserver(()=>this._measure())}connectedCallback(){super.connectedCallback(),this._track&&this._observer.observe(this._track)}disconnectedCallback(){super.disconnectedCallback(),this._observer.disconnect(),cancelAnimationFrame(this._frame),this._frame=0,this._endGesture(),this._pointers.clear()}reveal(C){let H=this._range.end-this._range.start,L=C.end-C.start,e=L/H*this._size.along<48,r=e?L*6:Math.max(H,L*1.2);if(!e&&C.start>=this._range.start&&C.end<=this._range.end)return;let t=(C.start+C.end)/2,i=this.bounds.end-this.bounds.start,o=D(r,6e4,i)/2;this._range=v1({start:t-o,end:t+o},this.bounds)}focusTrack(){this._track?.focus({preventScroll:!0})}willUpdate(C){if(C.has("bounds")){let H=C.get("bounds");(H?.start!==this.bounds.start||H.end!==this.bounds.end)&&(this._range={...this.bounds})}C.has("theme")&&(this._palette=void 0),(C.has("format")||C.has("theme"))&&(this._mirrored=getComputedStyle(this).direction==="rtl")}firstUpdated(){this._track&&(this._observer.observe(this._track),this._track.addEventListener("touchmove",C=>this._touchMoved(C),{passive:!1}),this._track.addEventListener("wheel",C=>this._wheel(C),{passive:!1})),this._measure()}updated(C){(C.has("rows")||C.has("vertical"))&&this._measure(),this._schedule([...C.keys()].some(H=>!l0.has(H)))}get _layout(){if(!this.vertical)return t3;let C=this._size.across-L2;return i3(Math.max(p0,Math.floor(C/Math.max(this.rows.length,1))))}get _scale(){return{start:this._range.start,end:this._range.end,length:Math.max(this._size.along,1),mirrored:this._mirrored&&!this.vertical}}get _across(){let{axis:C,row:H}=this._layout;return C+H*Math.max(this.rows.length,1)}_measure(){let C=this._track;if(!C)return;let H=this.vertical?C.clientHeight:C.clientWidth,L=this.vertical?this.renderRoot.querySelector(".frame")?.clientWidth??0:0;if(H===this._size.along&&L===this._size.across&&this._canvas?.width){this._schedule();return}this._size={along:H,across:L},this.requestUpdate()}_schedule(C=!0){this._mustPaint||=C,this._frame||=requestAnimationFrame(()=>{this._frame=0,this._mustPaint?this._paint():this._placeOverlay()})}_paint(){this._mustPaint=!1;let C=this._canvas;if(!C||!this._size.along)return;let H=C.getContext("2d");if(!H)return;let L=window.devicePixelRatio||1,[e,r]=this.vertical?[this._across,this._size.along]:[this._size.along,this._across];(C.width!==Math.round(e*L)||C.height!==Math.round(r*L))&&(C.width=Math.round(e*L),C.height=Math.round(r*L),C.style.width=`${String(e)}px`,C.style.height=`${String(r)}px`),H.setTransform(L,0,0,L,0,0),o3(H,this._scene()),this._placeOverlay()}_scene(){return this._palette??=this._readPalette(),{layout:this._layout,scale:this._scale,rows:this.rows,now:this.now,format:this.format,palette:this._palette,across:this._across,mirroredAcross:this._mirrored&&this.vertical}}_readPalette(){let C=getComputedStyle(this),H=this.renderRoot.querySelector(".probe"),L=r=>H?(H.style.color=r,getComputedStyle(H).color):r,e=new Map(Object.values(P2).map(r=>[r,L(`color-mix(in srgb, var(${r.color}, ${r.fallback}) 80%, var(--cd-text))`)]));return{text:L("var(--cd-text)"),faint:L("var(--cd-faint)"),line:L("var(--cd-line)"),ground:L("var(--cd-ground)"),footage:L("color-mix(in srgb, var(--cd-text) 38%, var(--cd-ground))"),clip:L("var(--cd-strong)"),onClip:L("var(--cd-on-strong)"),gap:L("var(--cd-ground)"),job:L("color-mix(in srgb, var(--warning-color, #ffa600) 80%, var(--cd-text))"),error:L("var(--cd-error)"),now:L("color-mix(in srgb, var(--error-color, #db4437) 80%, var(--cd-text))"),font:`12px ${C.fontFamily}`,events:e}}_placeOverlay(){let C=this._overlay,{selection:H}=this;if(!C)return;let L=this._scale,e=H&&H.end>L.start&&H.start<L.end;if(C.hidden=!e,!H||!e)return;let r=j(L,H.start),t=j(L,H.end),i=Math.min(r,t),o=Math.max(Math.abs(t-r),2);this.vertical?(C.style.transform=`translateY(${i.toFixed(1)}px)`,C.style.height=`${o.toFixed(1)}px`,C.style.width=""):(C.style.transform=`translateX(${i.toFixed(1)}px)`,C.style.width=`${o.toFixed(1)}px`,C.style.height="");let[n,A]=L.mirrored?[".end",".start"]:[".start",".end"];C.querySelector(`.handle${n}`)?.classList.toggle("inside",i<16),C.querySelector(`.handle${A}`)?.classList.toggle("inside",i+o>L.length-16)}_select(C){this.selection=C,this.dispatchEvent(new CustomEvent("selection-changed",{detail:C}))}get _selectable(){return{start:this.bounds.start,end:Math.max(Math.min(this.bounds.end,this.now+6e4),this.bounds.start+1e3)}}*_points(C){for(let H of this.rows)if(C.includes(H.entityId))for(let L of[H.events,H.clips])for(let e of L)yield e.start,yield e.end;yield this.now}_snapped(C,H){let{start:L,end:e,length:r}=this._scale;return E5(C,this._points(H),(e-L)/r*n0)}_selectEvent(C,H){let L=J1(H);this._select({...L,entityIds:[C.entityId]}),this.reveal(L),this._spoken=this.localize("timeline.event_selected",{what:A1(this.localize,H.kind),camera:C.name,time:this.format.seconds(L.start),length:this.format.spoken(L.end-L.start)})}_neighbor(C){let{start:H,end:L}=this._range,e=(H+Math.min(L,Math.max(this.now,H)))/2,r=j1(this.rows,this.selection?.start??e,C);r?this._selectEvent(r.row,r.mark):this._spoken=this.localize("timeline.no_more_events")}_point(C){let H=this._track?.getBoundingClientRect();return{x:C.clientX-(H?.left??0),y:C.clientY-(H?.top??0)}}_along(C){return this.vertical?C.y:C.x}_acrossOf(C){return this.vertical?this._mirrored?this._across-C.x:C.x:C.y}_timeAt(C){return W2(this._scale,this._along(C))}_rowAt(C){let{axis:H,row:L}=this._layout;return Math.floor((this._acrossOf(C)-H)/L)}_pressed(C){if(C.button!==0&&C.button!==1)return;let H=this._point(C);this._pointers.set(C.pointerId,H),this._hover=null;let L=C.target.dataset.edge;if(this._pointers.size===2){this._endGesture(),this._gesture={kind:"pinching",distance:this._spread()};return}if(this._pointers.size>2)return;if(this._track?.setPointerCapture(C.pointerId),L&&this.selection){this._gesture={kind:"edge",edge:L,grip:this._timeAt(H)-this.selection[L]};return}let e=this._rowAt(H),r=e<0;if(C.button===1||C.shiftKey){C.preventDefault(),this._gesture={kind:"panning",last:this._along(H)};return}let t=C.pointerType==="touch"?window.setTimeout(()=>this._longPressed(H,e),A0):void 0;this._gesture={kind:"pending",at:H,row:e,onAxis:r,timer:t}}_longPressed(C,H){"vibrate"in navigator&&navigator.vibrate(10),this._beginSelection(C,H);let L=this._timeAt(C),e=(this._range.end-this._range.start)/this._size.along*24;this._dragSelection(L+e)}_rowsOf(C){let H=this.rows[C];if(!H)return this.selection?.entityIds??this.rows.map(e=>e.entityId);let L=this.selection?.entityIds??[];return L.includes(H.entityId)?L:[H.entityId]}_beginSelection(C,H){let L=this._rowsOf(H);this._gesture={kind:"selecting",anchor:this._snapped(this._timeAt(C),L),entityIds:L}}_dragSelection(C){if(this._gesture?.kind!=="selecting")return;let{anchor:H,entityIds:L}=this._gesture;this._select({...F2(H,this._snapped(C,L),this._selectable),entityIds:L})}_moved(C){let H=this._point(C),L=this._gesture;if(!this._pointers.has(C.pointerId)){C.pointerType==="mouse"&&this._showHover(H);return}let e=this._pointers.get(C.pointerId)??H;switch(this._pointers.set(C.pointerId,H),L?.kind){case"pending":{if(Math.hypot(H.x-L.at.x,H.y-L.at.y)<d0)return;window.clearTimeout(L.timer),C.pointerType==="touch"||L.onAxis?this._gesture={kind:"panning",last:this._along(H)}:(this._beginSelection(L.at,L.row),this._dragSelection(this._timeAt(H)));return}case"selecting":this._dragSelection(this._timeAt(H));return;case"edge":{if(!this.selection)return;let r=this._snapped(this._timeAt(H)-L.grip,this.selection.entityIds);this._select({...this.selection,...m1(this.selection,L.edge,r,this._selectable)});return}case"panning":this._panPixels(this._along(H)-L.last),L.last=this._along(H);return;case"pinching":{let r=this._spread(),t=this._middle();r>0&&L.distance>0&&(this._zoom(L.distance/r,W2(this._scale,t)),this._panPixels((this._along(H)-this._along(e))/2)),L.distance=r;return}default:}}_released(C){let H=this._gesture;if(this._pointers.delete(C.pointerId)){if(H?.kind==="pinching"){this._pointers.size||(this._gesture=null);return}this._endGesture(),C.type==="pointerup"&&H?.kind==="pending"&&!H.onAxis&&this._tapped(H.at)}}_endGesture(){this._gesture?.kind==="pending"&&window.clearTimeout(this._gesture.timer),this._gesture=null}_tapped(C){let H=this.rows[this._rowAt(C)];if(!H)return;let L=this._layout,e=(this._acrossOf(C)-L.axis)%L.row,r=Math.abs(e-L.clips.at-L.clips.size/2)<=L.clips.size/2+3,t=(this._range.end-this._range.start)/this._size.along*10,i=this._timeAt(C);if(r){let n=H.clips.find(A=>A.start-t<=i&&i<=A.end+t);if(n){this.dispatchEvent(new CustomEvent("clip-opened",{detail:n.clip}));return}}let o=this._eventAt(H,C);o&&this._selectEvent(H,o)}_eventAt(C,H){let L=this._along(H),e=Q2(C.events,this._scale).filter(t=>Math.abs(t.along-L)<=14).sort((t,i)=>Math.abs(t.along-L)-Math.abs(i.along-L))[0];if(e)return e.mark;let r=this._timeAt(H);return C.events.find(t=>t.start<=r&&r<=t.end)}_showHover(C){let H=this._timeAt(C),L=this.rows[this._rowAt(C)];this._hover={mark:L&&this._eventAt(L,C),time:H,x:C.x,y:C.y}}_left(){this._hover=null}_spread(){let[C,H]=[...this._pointers.values()];return C&&H?Math.hypot(C.x-H.x,C.y-H.y):0}_middle(){let[C,H]=[...this._pointers.values()];return C&&H?(this._along(C)+this._along(H))/2:0}_touchMoved(C){let H=this._gesture?.kind;(H==="selecting"||H==="edge"||H==="pinching"||C.touches.length>1)&&C.cancelable&&C.preventDefault()}_wheel(C){let H=C.shiftKey||Math.abs(C.deltaX)>Math.abs(C.deltaY),L=C.deltaMode===WheelEvent.DOM_DELTA_LINE?16:1,e=this._range;if(H)this._panPixels(-(C.deltaX||C.deltaY)*L*(this._mirrored?-1:1)*(this._scale.mirrored?-1:1));else{let r=C.ctrlKey?.01:.0016;this._zoom(Math.exp(C.deltaY*L*r),this._timeAt(this._point(C)))}(e.start!==this._range.start||e.end!==this._range.end||C.ctrlKey)&&C.preventDefault()}_panPixels(C){let{start:H,end:L,length:e,mirrored:r}=this._scale,t=(L-H)/e*C*(r?1:-1);this._range=z2(this._range,this.bounds,t)}_zoom(C,H){let{start:L,end:e}=this._range,r=this.selection?(this.selection.start+this.selection.end)/2:null,t=r!==null&&r>=L&&r<=e?r:(L+e)/2;this._range=L3(this._range,this.bounds,C,H??t)}get _isWhole(){return this._range.start===this.bounds.start&&this._range.end===this.bounds.end}_key(C){if(C.altKey||C.ctrlKey||C.metaKey||C.defaultPrevented)return;let{key:H}=C;if(H==="+"||H==="=")this._zoom(.5);else if(H==="-")this._zoom(2);else if(H==="0")this._range={...this.bounds};else if(H==="]"||H===".")this._neighbor(!0);else if(H==="["||H===",")this._neighbor(!1);else if(H==="Escape"&&this.selection)this._select(null);else{if(C.target!==this._track)return;if(H==="Home")this._range=v1({...this._range,...this._shifted(this.bounds.start)},this.bounds);else if(H==="End")this._range=v1(this._shifted(this.bounds.end),this.bounds);else if(H==="Enter"||H===" ")this._selectMiddle();else if(v0.has(H)){let L=(this._range.end-this._range.start)/10,e=E2(H,!0,this._scale.mirrored,this.vertical)??0;this._range=z2(this._range,this.bounds,Math.sign(e)*L)}else return}C.preventDefault()}_shifted(C){return{start:C,end:C+this._range.end-this._range.start}}_selectMiddle(){let{start:C,end:H}=this._range,L=Math.min(H,this._selectable.end),e=(C+L)/2,r=Math.max((H-C)/20,5e3);this._select({...F2(e-r,e+r,this._selectable),entityIds:this._rowsOf(-1)}),this.updateComplete.then(()=>{this._paint(),this.renderRoot.querySelector(".handle")?.focus()})}_edgeKey(C,H){if(!this.selection||C.altKey||C.ctrlKey||C.metaKey)return;let L=E2(C.key,C.shiftKey,this._scale.mirrored,this.vertical),e=L===null?null:this.selection[H]+L;if(C.key==="Home"&&(e=H==="start"?this._selectable.start:this.selection.start),C.key==="End"&&(e=H==="end"?this._selectable.end:this.selection.end),e===null)return;C.preventDefault(),C.stopPropagation();let r=m1(this.selection,H,e,this._selectable);this._select({...this.selection,...r}),(this.selection[H]<this._range.start||this.selection[H]>this._range.end)&&this.reveal(r)}render(){let{localize:C}=this,H=this.localize("timeline.label",{from:this.format.time(this._range.start),to:this.format.time(this._range.end),date:this.format.date(this.bounds.start)});return d`
      <div class="tools">
        <slot name="presets"></slot>
        <div class="buttons" role="group" aria-label=${C("timeline.tools")}>
        ${this._tool("timeline.previous_event",w2,()=>this._neighbor(!1))}
        ${this._tool("timeline.next_event",k2,()=>this._neighbor(!0))}
        ${this._tool("timeline.zoom_out",S2,()=>this._zoom(2),this._isWhole)}
        ${this._tool("timeline.zoom_in",h2,()=>this._zoom(.5))}
        ${this._tool("timeline.whole_day",this.vertical?l2:m2,()=>this._range={...this.bounds},this._isWhole)}
        </div>
      </div>
      <div class="frame">
        <div class="labels">${this.rows.map(L=>this._label(L))}</div>
        <div
          class="track ${this._isWhole?"whole":""}"
          role="group"
          tabindex="0"
          aria-label=${H}
          aria-describedby="help"
          style=${this.vertical?`width: ${String(this._across)}px`:`height: ${String(this._across)}px`}
          @pointerdown=${this._pressed}
          @pointermove=${this._moved}
          @pointerup=${this._released}
          @pointercancel=${this._released}
          @pointerleave=${this._left}
          @contextmenu=${this._noMenu}
          @keydown=${this._key}
        >
          <canvas aria-hidden="true"></canvas>
          <div class="selection" hidden>
            ${this._band()} ${this._handle("start")} ${this._handle("end")}
          </div>
          ${this._tip()} ${this.loading?d`<div class="shimmer"></div>`:m}
        </div>
      </div>
      <p id="help" class="hidden-text">${C("timeline.help")}</p>
      <p class="hidden-text" role="status">${this._spoken}</p>
      <span class="probe" hidden></span>
    `}_tool(C,H,L,e=!1){let r=this.localize(C);return d`<button class="icon" aria-label=${r} title=${r} ?disabled=${e} @click=${L}>
      ${Z(H)}
    </button>`}_label(C){let H=this.selection?.entityIds.includes(C.entityId)??!1;return d`<div class="label ${H?"chosen":""}" style=${this._labelStyle()} title=${C.name}>
      <span dir="auto">${C.name}</span>
    </div>`}_labelStyle(){let C=`${String(this._layout.row)}px`;return this.vertical?`width: ${C}`:`height: ${C}`}_band(){let{axis:C,row:H}=this._layout,L=this.selection?.entityIds??[];return d`${this.rows.map((e,r)=>{if(!L.includes(e.entityId))return m;let t=`${String(C+r*H)}px`,i=`${String(H)}px`;return d`<div
        class="band"
        style=${this.vertical?`inset-inline-start: ${t}; width: ${i}`:`top: ${t}; height: ${i}`}
      ></div>`})}`}_handle(C){let{selection:H,format:L,localize:e}=this,r=this._selectable,t=H?.[C]??r.start,i=e("timeline.edge_value",{time:L.seconds(t),length:L.spoken(H?H.end-H.start:0)});return d`<div
      class="handle ${C}"
      data-edge=${C}
      role="slider"
      tabindex="0"
      aria-label=${e(C==="start"?"timeline.start_edge":"timeline.end_edge")}
      aria-orientation=${this.vertical?"vertical":"horizontal"}
      aria-valuemin=${Math.round(r.start/1e3)}
      aria-valuemax=${Math.round(r.end/1e3)}
      aria-valuenow=${Math.round(t/1e3)}
      aria-valuetext=${i}
      @keydown=${o=>this._edgeKey(o,C)}
    ></div>`}_tip(){let C=this._hover;if(!C||this._gesture)return m;let{mark:H}=C,{start:L,end:e}=this._range,r=e-L<4*36e5?this.format.seconds(C.time):this.format.time(C.time),t=this._track?.clientWidth??0,i=D(C.x,70,Math.max(t-70,70)),o=C.y<(H?.event.picture?m0:40);return d`<div class="tip ${o?"below":""}" aria-hidden="true" style="left: ${i}px; top: ${C.y}px">
      ${H?.event.picture?d`<img src=${H.event.picture} alt="" />`:m}
      ${H?d`<b>${A1(this.localize,H.kind)}</b> ${this.format.seconds(H.start)}
            ${H.end>H.start?`· ${this.format.length(H.end-H.start)}`:m}`:r}
    </div>`}_noMenu(C){this._gesture&&C.preventDefault()}};g.styles=[b,S`
      :host {
        display: block;
      }
      .tools {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 16px;
        margin-bottom: 4px;
      }
      .buttons {
        display: flex;
        margin-inline-start: auto;
      }
      :host([vertical]) .buttons {
        width: 100%;
        justify-content: space-between;
      }
      .frame {
        display: flex;
        position: relative;
      }
      .labels {
        flex: none;
        width: 132px;
        padding-top: 28px;
      }
      .label {
        display: flex;
        align-items: center;
        padding-inline-end: 12px;
        font-weight: 500;
        border-top: 1px solid var(--cd-line);
      }
      .label span {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        overflow-wrap: anywhere;
      }
      .label.chosen {
        color: var(--cd-link);
      }
      .track {
        position: relative;
        flex: 1;
        min-width: 0;
        overflow: clip;
        cursor: crosshair;
        user-select: none;
        -webkit-user-select: none;
        -webkit-touch-callout: none;
        touch-action: pan-y;
        border-radius: 4px;
      }
      canvas {
        display: block;
        pointer-events: none;
      }
      .selection {
        position: absolute;
        inset: 28px auto 0 0;
        pointer-events: none;
        will-change: transform;
      }
      .selection::before {
        content: "";
        position: absolute;
        inset: 0;
        background: var(--cd-primary);
        opacity: 0.1;
        border-inline: 2px solid var(--cd-link);
      }
      .band {
        position: absolute;
        inset-inline: 0;
        margin-top: -28px;
        background: var(--cd-primary);
        opacity: 0.2;
      }
      .handle {
        position: absolute;
        pointer-events: auto;
        top: 0;
        bottom: 0;
        width: 44px;
        cursor: ew-resize;
        touch-action: none;
      }
      /* The one lies before the window, the other behind: they never cover each other. */
      .handle.start {
        inset-inline-end: calc(100% - 4px);
      }
      .handle.end {
        inset-inline-start: calc(100% - 4px);
      }
      .handle::after {
        content: "";
        position: absolute;
        top: 50%;
        width: 14px;
        height: 40px;
        transform: translateY(-50%);
        border-radius: 7px;
        background:
          linear-gradient(var(--cd-on-strong), var(--cd-on-strong)) center / 2px 16px no-repeat,
          var(--cd-strong);
        box-shadow: 0 0 0 2px var(--cd-ground);
      }
      .handle.start::after {
        inset-inline-end: 0;
      }
      .handle.end::after {
        inset-inline-start: 0;
      }
      .handle.start.inside,
      .handle.start.inside::after {
        inset-inline: 0 auto;
      }
      .handle.end.inside,
      .handle.end.inside::after {
        inset-inline: auto 0;
      }
      .handle:focus-visible {
        outline: none;
      }
      .handle:focus-visible::after {
        outline: 3px solid var(--cd-link);
        outline-offset: 3px;
      }
      .tip {
        position: absolute;
        transform: translate(-50%, calc(-100% - 10px));
        pointer-events: none;
        background: var(--cd-ground);
        color: var(--cd-text);
        border: 1px solid var(--cd-line);
        border-radius: var(--cd-radius);
        padding: 4px 8px;
        font-size: 12px;
        line-height: 16px;
        white-space: nowrap;
        box-shadow: 0 2px 8px rgba(0, 0, 0, 0.25);
        z-index: 1;
      }
      .tip.below {
        transform: translate(-50%, 22px);
      }
      .tip img {
        display: block;
        width: 160px;
        height: 90px;
        object-fit: cover;
        margin: -4px -8px 4px;
        border-radius: 7px 7px 0 0;
      }
      .shimmer {
        position: absolute;
        inset: 28px 0 0;
        background: linear-gradient(90deg, transparent, var(--cd-soft), transparent) 0 0 / 50% 100% no-repeat;
        animation: shimmer 1.4s linear infinite;
        pointer-events: none;
      }
      @keyframes shimmer {
        from {
          background-position: -100% 0;
        }
        to {
          background-position: 200% 0;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .shimmer {
          animation: none;
        }
      }

      :host([vertical]) .frame {
        display: block;
        overflow-x: auto;
      }
      :host([vertical]) .labels {
        display: flex;
        width: max-content;
        padding: 0;
        padding-inline-start: ${K2};
      }
      :host([vertical]) .label {
        min-height: 44px;
        padding: 4px 6px;
        border: 0;
        border-inline-start: 1px solid var(--cd-line);
        font-size: 13px;
        line-height: 16px;
      }
      :host([vertical]) .track {
        height: var(--clip-download-timeline-height, 52vh);
        min-height: 320px;
        touch-action: none;
      }
      /* A whole day cannot be moved: the page may. */
      :host([vertical]) .track.whole {
        touch-action: pan-y;
      }
      :host([vertical]) .selection {
        inset: 0 0 auto 0;
        inset-inline-start: ${K2};
      }
      :host([vertical]) .selection::before {
        border: 0;
        border-block: 2px solid var(--cd-link);
      }
      :host([vertical]) .band {
        inset-block: 0;
        inset-inline: auto;
        margin: 0;
        margin-inline-start: -${K2};
      }
      :host([vertical]) .handle {
        inset: auto 0;
        width: auto;
        height: 44px;
        cursor: ns-resize;
      }
      :host([vertical]) .handle.start {
        bottom: calc(100% - 4px);
      }
      :host([vertical]) .handle.end {
        top: calc(100% - 4px);
      }
      :host([vertical]) .handle.inside {
        inset-inline: 0;
      }
      :host([vertical]) .handle.start.inside {
        inset-block: 0 auto;
      }
      :host([vertical]) .handle.end.inside {
        inset-block: auto 0;
      }
      :host([vertical]) .handle::after {
        top: auto;
        inset-inline: auto;
        left: 50%;
        width: 40px;
        height: 14px;
        transform: translateX(-50%);
        background:
          linear-gradient(var(--cd-on-strong), var(--cd-on-strong)) center / 16px 2px no-repeat,
          var(--cd-strong);
      }
      :host([vertical]) .handle.start::after {
        bottom: 0;
      }
      :host([vertical]) .handle.end::after {
        top: 0;
      }
      :host([vertical]) .handle.inside::after {
        inset-inline: auto;
        left: 50%;
      }
      :host([vertical]) .handle.start.inside::after {
        inset-block: 0 auto;
      }
      :host([vertical]) .handle.end.inside::after {
        inset-block: auto 0;
      }
    `],a([p({attribute:!1})],g.prototype,"rows",2),a([p({attribute:!1})],g.prototype,"bounds",2),a([p({attribute:!1})],g.prototype,"selection",2),a([p({attribute:!1})],g.prototype,"format",2),a([p({attribute:!1})],g.prototype,"localize",2),a([p({type:Number})],g.prototype,"now",2),a([p({type:Boolean,reflect:!0})],g.prototype,"vertical",2),a([p({type:Boolean})],g.prototype,"loading",2),a([p({attribute:!1})],g.prototype,"theme",2),a([h()],g.prototype,"_range",2),a([h()],g.prototype,"_hover",2),a([h()],g.prototype,"_spoken",2),a([_("canvas")],g.prototype,"_canvas",2),a([_(".track")],g.prototype,"_track",2),a([_(".selection")],g.prototype,"_overlay",2);var s0={"clip-download-timeline":g,"clip-download-save":B,"clip-download-jobs":N,"clip-download-clips":y,"clip-download-footage":k,"clip-download-head":R,"clip-download-notices":Y,"clip-download-view":P,"clip-download-panel":K,"clip-download-card":t1,"clip-download-card-editor":i1,"ll-strategy-dashboard-clip-download":V2},x0=()=>{let M=T(document.documentElement.lang||"en");(window.customCards??=[]).push({type:"clip-download-card",name:M("card.name"),description:M("description"),preview:!1,getEntitySuggestion:(V,C)=>p2(V,C)?{label:T(V.locale.language)("card.suggestion"),config:{type:"custom:clip-download-card",entities:[C]}}:null}),(window.customStrategies??=[]).push({type:"clip-download",strategyType:"dashboard",name:M("strategy.name"),description:M("strategy.description")})};if(!customElements.get("clip-download-card")){for(let[M,V]of Object.entries(s0))customElements.define(M,V);x0()}
/*! Bundled license information:

@lit/reactive-element/css-tag.js:
  (**
   * @license
   * Copyright 2019 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)

@lit/reactive-element/reactive-element.js:
lit-html/lit-html.js:
lit-element/lit-element.js:
@lit/reactive-element/decorators/custom-element.js:
@lit/reactive-element/decorators/property.js:
@lit/reactive-element/decorators/state.js:
@lit/reactive-element/decorators/event-options.js:
@lit/reactive-element/decorators/base.js:
@lit/reactive-element/decorators/query.js:
@lit/reactive-element/decorators/query-all.js:
@lit/reactive-element/decorators/query-async.js:
@lit/reactive-element/decorators/query-assigned-nodes.js:
lit-html/directive.js:
lit-html/directives/repeat.js:
  (**
   * @license
   * Copyright 2017 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)

lit-html/is-server.js:
  (**
   * @license
   * Copyright 2022 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)

@lit/reactive-element/decorators/query-assigned-elements.js:
  (**
   * @license
   * Copyright 2021 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)

lit-html/directive-helpers.js:
  (**
   * @license
   * Copyright 2020 Google LLC
   * SPDX-License-Identifier: BSD-3-Clause
   *)
*/
